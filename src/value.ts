/**
 * A tool argument, as extracted from a request, named in a constraint or signed in a proof.
 *
 * An integer is a `bigint` in the range of i64, a float is a `number`: `1n` and `1` are different
 * arguments and have different proofs, so the two may never be converted into each other.
 */
export type Value = string | bigint | number | boolean | null | readonly Value[] | ReadonlyMap<string, Value>;

/** Arguments of one call, by name. */
export type Arguments = ReadonlyMap<string, Value>;

export const I64_MIN = -(2n ** 63n);
export const I64_MAX = 2n ** 63n - 1n;

export function isObject(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/**
 * Equality of the value model: kinds never mix (`1n` is not `1`), `0.0` equals `-0.0`, NaN equals nothing,
 * objects ignore the order of their members.
 */
export function sameValue(a: Value, b: Value): boolean {
  if (isList(a)) {
    return isList(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i] as Value));
  }
  if (isObject(a)) {
    if (!isObject(b) || a.size !== b.size) return false;
    for (const [name, member] of a) {
      const other = b.get(name);
      if (other === undefined || !sameValue(member, other)) return false;
    }
    return true;
  }
  return a === b;
}

/** Finding the digits of a float takes as long as three other parts. */
const FLOAT_SIZE = 3;

/** A measure of the work a value makes: one for each part, more for a float, and one for every 32 characters. */
export function valueSize(value: Value): number {
  if (typeof value === "number") return FLOAT_SIZE;
  if (typeof value === "string") return 1 + value.length / 32;
  let size = 1;
  if (isList(value)) for (const item of value) size += valueSize(item);
  else if (isObject(value)) for (const [name, member] of value) size += valueSize(name) + valueSize(member);
  return size;
}

/** A value shown to people has at most this many characters. */
export const MAX_SHOWN_CHARACTERS = 1024;

/** Text that would look like a value of another kind: `5`, `null`, a list, or nothing. */
const NEEDS_QUOTES = /^(?:["[{]|(?:-?\d+(?:\.\d+)?(?:e[-+]?\d+)?|true|false|null|NaN)?$)/i;

/**
 * For people: text as it is where that can't be mistaken, everything else as compact JSON (floats keep their point);
 * cut where it gets long.
 */
export function formatValue(value: Value): string {
  const isPlain = typeof value === "string" && !NEEDS_QUOTES.test(value.slice(0, MAX_SHOWN_CHARACTERS + 1));
  const text = isPlain ? value : formatJson(value, MAX_SHOWN_CHARACTERS);
  return text.slice(0, MAX_SHOWN_CHARACTERS);
}

/** @param room where to stop: what is beyond will be cut, so that a large value costs no more than a small one */
function formatJson(value: Value, room: number): string {
  if (typeof value === "number") return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return JSON.stringify(value.slice(0, room + 1));
  if (isList(value)) return `[${join(value, room, formatJson)}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const member = ([name, part]: [string, Value], left: number): string =>
    `${formatJson(name, left)}:${formatJson(part, left)}`;
  return `{${join(value, room, member)}}`;
}

function join<Part>(
  parts: Iterable<Part>,
  room: number,
  format: (part: Part, room: number) => string,
): string {
  let text = "";
  for (const part of parts) {
    if (text.length > room) break;
    text += `${text === "" ? "" : ","}${format(part, room - text.length)}`;
  }
  return text;
}
