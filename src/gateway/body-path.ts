import { isList, isObject, type Value } from "../value.ts";
import { foldCase } from "./fold-case.ts";
import type { JsonDocument } from "./json.ts";

/** A dotted path into a JSON body: `spec.items.*.name`, `rows.0`. */
export interface BodyPath {
  readonly text: string;
  readonly steps: readonly Step[];
}

type Step = MemberStep | { readonly kind: "index"; readonly index: number } | { readonly kind: "each" };

interface MemberStep {
  readonly kind: "member";
  readonly name: string;
  /** The name in the form in which all others that differ in case only are equal to it; where those are refused. */
  readonly folded?: string;
}

/**
 * Splits at every dot: digits are the index of a list, `*` is each of its items, all else is a member's name.
 *
 * @param refusesOtherCase whether a name that differs in case only makes the request ambiguous
 */
export function parseBodyPath(text: string, refusesOtherCase: boolean): BodyPath {
  const steps = text.split(".").map((part): Step => {
    if (part === "*") return { kind: "each" };
    if (/^\+?[0-9]+$/.test(part)) return { kind: "index", index: Number(part) };
    const member = { kind: "member", name: part } as const;
    return refusesOtherCase ? { ...member, folded: foldCase(part) } : member;
  });
  return Object.freeze({ text, steps: Object.freeze(steps) });
}

/** Stand for a value that two readers of the same body would see differently; described as the end of a sentence. */
export const REPEATED = Symbol("is given twice");
export const RECASED = Symbol("is given with letters in another case");

type Found = Value | undefined | typeof REPEATED | typeof RECASED;

/**
 * The value at a path, undefined where there is none. With `*`, items without the rest of the path are left
 * out, and a list that stays empty counts as none.
 */
export function valueAt({ value, repeated }: JsonDocument, path: BodyPath): Found {
  const found = walk(value, path.steps, 0, repeated);
  if (found === undefined || typeof found === "symbol" || repeated.size === 0) return found;
  return some(found, (part) => repeated.has(part)) ? REPEATED : found;
}

function walk(value: Value, steps: readonly Step[], at: number, repeated: JsonDocument["repeated"]): Found {
  const step = steps[at];
  if (step === undefined) return value;
  if (step.kind === "member") {
    if (!isObject(value)) return undefined;
    if (repeated.get(value)?.has(step.name)) return REPEATED;
    if (hasOtherCase(value, step)) return RECASED;
    const member = value.get(step.name);
    return member === undefined ? undefined : walk(member, steps, at + 1, repeated);
  }
  if (!isList(value)) return undefined;
  if (step.kind === "index") {
    const item = value[step.index];
    return item === undefined ? undefined : walk(item, steps, at + 1, repeated);
  }
  const found: Value[] = [];
  for (const item of value) {
    const part = walk(item, steps, at + 1, repeated);
    if (typeof part === "symbol") return part;
    if (part !== undefined) found.push(part);
  }
  return found.length === 0 ? undefined : found;
}

/** Letters that differ in case only take the same place, so names of other lengths need no look. */
function hasOtherCase(object: ReadonlyMap<string, Value>, { name, folded }: MemberStep): boolean {
  if (folded === undefined) return false;
  for (const other of object.keys()) {
    if (other.length === name.length && other !== name && foldCase(other) === folded) return true;
  }
  return false;
}

/** Whether a test holds for a value or for anything in it, names of members included. */
export function some(value: Value, test: (part: Value) => boolean): boolean {
  if (test(value)) return true;
  if (isList(value)) return value.some((item) => some(item, test));
  if (!isObject(value)) return false;
  for (const [name, member] of value) if (test(name) || some(member, test)) return true;
  return false;
}
