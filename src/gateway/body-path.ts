import { isList, isObject, type Value } from "../value.ts";
import type { JsonDocument } from "./json.ts";

/** A dotted path into a JSON body: `spec.items.*.name`, `rows.0`. */
export interface BodyPath {
  readonly text: string;
  readonly steps: readonly Step[];
}

type Step =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "each" };

/** Splits at every dot: digits are the index of a list, `*` is each of its items, all else is a member's name. */
export function parseBodyPath(text: string): BodyPath {
  const steps = text.split(".").map((part): Step => {
    if (part === "*") return { kind: "each" };
    if (/^\+?[0-9]+$/.test(part)) return { kind: "index", index: Number(part) };
    return { kind: "member", name: part };
  });
  return Object.freeze({ text, steps: Object.freeze(steps) });
}

/** Stands for a value that two readers of the same body would see differently. */
export const REPEATED = Symbol("a member is given twice");

/**
 * The value at a path, undefined where there is none. With `*`, items without the rest of the path are left
 * out, and a list that stays empty counts as none.
 */
export function valueAt(
  { value, repeated }: JsonDocument,
  path: BodyPath,
): Value | undefined | typeof REPEATED {
  const found = walk(value, path.steps, 0, repeated);
  if (found === undefined || found === REPEATED || repeated.size === 0) return found;
  return some(found, (part) => repeated.has(part)) ? REPEATED : found;
}

function walk(
  value: Value,
  steps: readonly Step[],
  at: number,
  repeated: JsonDocument["repeated"],
): Value | undefined | typeof REPEATED {
  const step = steps[at];
  if (step === undefined) return value;
  if (step.kind === "member") {
    if (!isObject(value)) return undefined;
    if (repeated.get(value)?.has(step.name)) return REPEATED;
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
    if (part === REPEATED) return REPEATED;
    if (part !== undefined) found.push(part);
  }
  return found.length === 0 ? undefined : found;
}

/** Whether a test holds for a value or for anything in it, names of members included. */
export function some(value: Value, test: (part: Value) => boolean): boolean {
  if (test(value)) return true;
  if (isList(value)) return value.some((item) => some(item, test));
  if (!isObject(value)) return false;
  for (const [name, member] of value) if (test(name) || some(member, test)) return true;
  return false;
}
