import type { Steps } from "../steps.ts";
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
const REPEATED = Symbol("is given twice");
const RECASED = Symbol("is given with letters in another case");
const BROKEN = Symbol("is also given with bytes that aren't UTF-8, which some readers drop");

type Found = Value | undefined | typeof REPEATED | typeof RECASED | typeof BROKEN;

/**
 * The value at a path, undefined where there is none. With `*`, items without the rest of the path are left
 * out, and a list that stays empty counts as none.
 *
 * @param exact false when a `!` may stand for a byte that isn't UTF-8
 */
export function* valueAt({ value, repeated }: JsonDocument, path: BodyPath, exact: boolean): Steps<Found> {
  yield;
  const found = yield* walk(value, path.steps, { repeated, exact, looked: 0 });
  if (found === undefined || typeof found === "symbol" || repeated.size === 0) return found;
  return (yield* some(found, (part) => repeated.has(part))) ? REPEATED : found;
}

interface Walk {
  readonly repeated: JsonDocument["repeated"];
  readonly exact: boolean;
  /** Items and names that were looked at since the last pause. */
  looked: number;
}

/** Items and names looked at in one go. */
const LOOKS = 2048;

function* walk(value: Value, steps: readonly Step[], state: Walk): Steps<Found> {
  const each = steps.findIndex(({ kind }) => kind === "each");
  if (each === -1) return follow(value, steps, state);
  const list = follow(value, steps.slice(0, each), state);
  if (list === undefined || typeof list === "symbol") return list;
  if (!isList(list)) return undefined;
  const rest = steps.slice(each + 1);
  const isLast = !rest.some(({ kind }) => kind === "each");
  const found: Value[] = [];
  for (const item of list) {
    if (++state.looked > LOOKS) {
      state.looked = 0;
      yield;
    }
    const part = isLast ? follow(item, rest, state) : yield* walk(item, rest, state);
    if (typeof part === "symbol") return part;
    if (part !== undefined) found.push(part);
  }
  return found.length === 0 ? undefined : found;
}

/** What is where steps without `*` lead. */
function follow(value: Value, steps: readonly Step[], state: Walk): Found {
  let part: Value | undefined = value;
  for (const step of steps) {
    if (step.kind === "member") {
      if (!isObject(part)) return undefined;
      if (state.repeated.get(part)?.has(step.name)) return REPEATED;
      if (hasOtherCase(part, step, state)) return RECASED;
      if (!state.exact && hasBroken(part, step, state)) return BROKEN;
      part = part.get(step.name);
    } else part = isList(part) && step.kind === "index" ? part[step.index] : undefined;
    if (part === undefined) return undefined;
  }
  return part;
}

/** Letters that differ in case only take the same place, so names of other lengths need no look. */
function hasOtherCase(
  object: ReadonlyMap<string, Value>,
  { name, folded }: MemberStep,
  state: Walk,
): boolean {
  if (folded === undefined) return false;
  state.looked += object.size;
  for (const other of object.keys()) {
    if (other.length === name.length && other !== name && foldCase(other) === folded) return true;
  }
  return false;
}

function hasBroken(
  object: ReadonlyMap<string, Value>,
  { name, folded = name }: MemberStep,
  state: Walk,
): boolean {
  state.looked += object.size;
  for (const other of object.keys()) {
    if (other.length <= name.length || !other.includes("!")) continue;
    const rest = other.replaceAll("!", "");
    if (rest === name || foldCase(rest) === folded) return true;
  }
  return false;
}

/** Whether a test holds for a value or for anything in it, names of members included. */
export function* some(value: Value, test: (part: Value) => boolean): Steps<boolean> {
  const left = [value];
  for (let count = 1; ; count++) {
    const part = left.pop();
    if (part === undefined) return false;
    if (test(part)) return true;
    if (isList(part)) for (const item of part) left.push(item);
    else if (isObject(part)) for (const [name, member] of part) left.push(name, member);
    if (count % LOOKS === 0) yield;
  }
}
