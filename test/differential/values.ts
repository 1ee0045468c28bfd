import { isList, isObject, type Value } from "../../src/value.ts";
import { TAGS, TEXTS } from "./literals.ts";
import type { Random } from "./random.ts";

const INTEGERS = [
  -1n,
  0n,
  1n,
  2n,
  5n,
  10n,
  15n,
  100n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const FLOATS = [0, -0, 0.5, 1, 1.5, 10, 99.5, 100, 65505, 1e300, -2.25];

export function anyText(random: Random): string {
  return random.pick(TEXTS);
}

export function anyNumber(random: Random): Value {
  return random.chance(0.7) ? random.pick(INTEGERS) : random.pick(FLOATS);
}

export function anyScalar(random: Random): Value {
  const choice = random.below(10);
  if (choice < 5) return anyText(random);
  if (choice < 8) return anyNumber(random);
  return random.pick([true, false, null]);
}

export function anyTags(random: Random): readonly Value[] {
  return Array.from({ length: random.below(4) }, () => random.pick<Value>(TAGS));
}

export function anyValue(random: Random): Value {
  const choice = random.below(10);
  if (choice < 7) return anyScalar(random);
  if (choice < 9) return anyTags(random);
  return new Map(random.some(["k", "aa", "b"]).map((name) => [name, anyScalar(random)]));
}

/** Almost the same value: one character, one off, another kind. */
export function near(random: Random, value: Value): Value {
  if (typeof value === "string") return nearText(random, value);
  if (typeof value === "bigint") return random.pick<Value>([value / 2n, Number(value), String(value), -1n]);
  if (typeof value === "number") return random.pick<Value>([value + 0.5, -value, value / 2, String(value)]);
  if (isList(value)) {
    return random.pick<Value>([
      value.slice(1),
      [...value, anyScalar(random)],
      value.toReversed(),
      value[0] ?? null,
    ]);
  }
  if (value !== null && typeof value === "object" && isObject(value)) return new Map([...value].slice(1));
  return random.pick<Value>([value === null ? "null" : !value, null, 1n, "true"]);
}

const INSERTED = ["/", ".", "..", "*", "a", " ", "\\", "%2e", ";", "@", "\u{ff0e}", "\t"];

function nearText(random: Random, text: string): Value {
  const chars = Array.from(text);
  const at = random.below(chars.length + 1);
  return random.pick<Value>([
    `${text}x`,
    [...chars.slice(0, at), random.pick(INSERTED), ...chars.slice(at)].join(""),
    chars.slice(1).join(""),
    chars.slice(0, -1).join(""),
    text.toUpperCase(),
    [text],
    null,
  ]);
}
