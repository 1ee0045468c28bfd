import { Buffer } from "node:buffer";
import type { Steps } from "../steps.ts";

/**
 * Texts by their UTF-8 bytes. Names of an argument's objects are a stranger's choice, so neither how many there are nor
 * how long they are makes one step long.
 */
export function* sortedNames(names: readonly string[]): Steps<readonly string[]> {
  if (yield* areInByteOrder(names)) return yield* sort(names);
  const bytes = yield* sort(yield* mapped(names, (text) => Buffer.from(text, "utf8").toString("latin1")));
  return yield* mapped(bytes, (text) => Buffer.from(text, "latin1").toString("utf8"));
}

/** Names looked at, or sorted, in one go; fewer where they are long. */
const FEW = 512;
const FEW_CHARACTERS = 16_384;

/** Up to the first surrogate, UTF-16 units have the order of UTF-8 bytes. */
const IN_BYTE_ORDER = /^[\0-\ud7ff]*$/;

function* areInByteOrder(names: readonly string[]): Steps<boolean> {
  for (const few of inParts(names)) {
    if (!few.every((name) => IN_BYTE_ORDER.test(name))) return false;
    if (few.length < names.length) yield;
  }
  return true;
}

function* mapped(names: readonly string[], spell: (name: string) => string): Steps<readonly string[]> {
  const spelled: string[] = [];
  for (const few of inParts(names)) {
    for (const name of few) spelled.push(spell(name));
    yield;
  }
  return spelled;
}

/** Merges what was sorted in parts, two and two, until one is left. */
function* sort(names: readonly string[]): Steps<readonly string[]> {
  let runs: (readonly string[])[] = [];
  for (const few of inParts(names)) {
    runs.push(few.sort());
    if (few.length < names.length) yield;
  }
  while (runs.length > 1) {
    const merged: (readonly string[])[] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(yield* merge(runs[i] ?? [], runs[i + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* inParts(names: readonly string[]): Generator<string[], void, void> {
  let few: string[] = [];
  let characters = 0;
  for (const name of names) {
    few.push(name);
    characters += name.length;
    if (few.length < FEW && characters < FEW_CHARACTERS) continue;
    yield few;
    few = [];
    characters = 0;
  }
  if (few.length > 0) yield few;
}

/** Comparisons in one go, and how many characters of the shorter text make one more. */
const COMPARISONS = 2048;
const COMPARED_CHARACTERS = 64;

function* merge(a: readonly string[], b: readonly string[]): Steps<readonly string[]> {
  const merged: string[] = [];
  let work = 0;
  let i = 0;
  let j = 0;
  let left = a[0];
  let right = b[0];
  while (left !== undefined && right !== undefined) {
    work += 1 + Math.min(left.length, right.length) / COMPARED_CHARACTERS;
    if (left < right) {
      merged.push(left);
      left = a[++i];
    } else {
      merged.push(right);
      right = b[++j];
    }
    if (work < COMPARISONS) continue;
    work = 0;
    yield;
  }
  return merged.concat(a.slice(i), b.slice(j));
}
