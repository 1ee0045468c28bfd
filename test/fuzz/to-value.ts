import { type CborValue, isArray, isMap } from "../../src/cbor/value.ts";
import { I64_MAX, I64_MIN, type Value } from "../../src/value.ts";

/** A data item as an argument, or undefined where it can't be one. */
export function toValue(item: CborValue): Value | undefined {
  if (isArray(item)) {
    const items = item.map(toValue);
    return items.includes(undefined) ? undefined : (items as Value[]);
  }
  if (isMap(item)) {
    const members = new Map<string, Value>();
    for (const [name, member] of item) {
      const value = toValue(member);
      if (typeof name !== "string" || value === undefined) return undefined;
      members.set(name, value);
    }
    return members;
  }
  if (typeof item === "bigint") return item >= I64_MIN && item <= I64_MAX ? item : undefined;
  return item instanceof Uint8Array ? undefined : item;
}
