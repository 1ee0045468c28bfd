import { type CborValue, isArray, isBytes, isMap } from "../../cbor/value.ts";
import { I64_MAX, I64_MIN, sameValue, type Value } from "../../value.ts";
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
  const object = new Map<string, Value>();
  for (const [key, member] of map) {
    if (typeof key !== "string") throw new Malformed("an object key that isn't text");
    object.set(key, toValue(member));
  }
  return object;
}

export function toValues(value: CborValue, what: string): readonly Value[] {
  return asArray(value, what).map(toValue);
}

export function includes(values: readonly Value[], value: Value): boolean {
  return values.some((member) => sameValue(member, value));
}
