import { type CborValue, isArray, isBytes, isMap } from "../../cbor/value.ts";
import { type Evaluation, once } from "../../evaluation.ts";
import { I64_MAX, I64_MIN, isList, isObject, sameValue, type Value, valueSize } from "../../value.ts";
import { asArray, Malformed } from "../malformed.ts";

/** A value named in a constraint (Tenuo constraint values §1.2), read from the signed payload. */
export function toValue(value: CborValue): Value {
  if (value === undefined) return null;
  if (typeof value === "bigint") return toInteger(value);
  if (isBytes(value)) throw new Malformed("a byte string inside a constraint");
  if (isArray(value)) return value.map(toValue);
  if (isMap(value)) return toObject(value);
  return value;
}

/** Beyond i64 the wire format has floats: the nearest double. */
function toInteger(value: bigint): Value {
  if (value < I64_MIN) throw new Malformed("an integer below the range of i64");
  return value > I64_MAX ? Number(value) : value;
}

function toObject(map: ReadonlyMap<bigint | string, CborValue>): Value {
  if (map.size === 0) return EMPTY_OBJECT;
  const object = new Map<string, Value>();
  for (const [key, member] of map) {
    if (typeof key !== "string") throw new Malformed("an object key that isn't text");
    object.set(key, toValue(member));
  }
  return object;
}

const EMPTY_OBJECT: Value = new Map();

/** The values a constraint lists. */
export interface ValueList {
  readonly values: readonly Value[];
  /** Whether a value is among them; the quickest way to look for one. */
  has(value: Value, evaluation: Evaluation): boolean;
  /** Whether all of these are, in time proportional to both lists together. */
  includes(others: readonly Value[], evaluation: Evaluation): boolean;
}

export function valueList(values: readonly Value[]): ValueList {
  const keys = once((evaluation) => keysOf(values, evaluation));
  const includes = (others: readonly Value[], evaluation: Evaluation): boolean => {
    const known = keys(evaluation);
    return others.every((value) => {
      evaluation.spend(KEY_EFFORT * valueSize(value));
      return known.has(keyOf(value));
    });
  };
  const has = (value: Value, evaluation: Evaluation): boolean => {
    if (isList(value) || isObject(value)) return includes([value], evaluation);
    evaluation.spend(LOOK_EFFORT * values.length + valueSize(value));
    return values.indexOf(value) !== -1;
  };
  return { values, has, includes };
}

/** Steps of comparing a value that has no parts with another. */
const LOOK_EFFORT = 0.5;

function keysOf(values: readonly Value[], evaluation: Evaluation): ReadonlySet<string> {
  evaluation.spend(KEY_EFFORT * valueSize(values));
  return new Set(values.filter((value) => sameValue(value, value)).map(keyOf));
}

/** Steps for each part of a value whose key is made. */
const KEY_EFFORT = 9;

export function parseValues(value: CborValue, what: string): readonly Value[] {
  return asArray(value, what).map(toValue);
}

/** Two values have one key exactly when they are the same; NaN, which equals nothing, never gets into a list. */
function keyOf(value: Value): string {
  if (typeof value === "string") return `s${value.length}:${value}`;
  if (typeof value === "bigint") return `i${value};`;
  if (typeof value === "number") return `f${value === 0 ? 0 : value};`;
  if (isList(value)) return `[${value.map(keyOf).join("")}]`;
  if (!isObject(value)) return String(value);
  const members = [...value].map(([name, member]) => keyOf(name) + keyOf(member));
  return `{${members.sort().join("")}}`;
}
