import { type CborMap, type CborValue, isArray, isBytes, isMap } from "../cbor/value.ts";

/** Bytes that decode but aren't what the wire format has there. Thrown and caught inside parsing alone. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

export function asMap(value: CborValue, what: string): CborMap {
  if (!isMap(value)) throw new Malformed(`${what} isn't a map`);
  return value;
}

export function asArray(value: CborValue, what: string): readonly CborValue[] {
  if (!isArray(value)) throw new Malformed(`${what} isn't an array`);
  return value;
}

export function asText(value: CborValue, what: string): string {
  if (typeof value !== "string") throw new Malformed(`${what} isn't text`);
  return value;
}

export function asBoolean(value: CborValue, what: string): boolean {
  if (typeof value !== "boolean") throw new Malformed(`${what} isn't a boolean`);
  return value;
}

export function asBytes(value: CborValue, length: number, what: string): Uint8Array {
  if (!isBytes(value) || value.length !== length) throw new Malformed(`${what} isn't ${length} bytes`);
  return value;
}

export function asUnsigned(value: CborValue, max: number, what: string): number {
  if (typeof value !== "bigint" || value < 0n || value > BigInt(max)) {
    throw new Malformed(`${what} isn't an integer from 0 to ${max}`);
  }
  return Number(value);
}

/**
 * The members of a map with text keys.
 *
 * @throws {Malformed} for a member that is neither required nor optional, or a required one that is missing.
 */
export function asStruct<Required extends string, Optional extends string = never>(
  value: CborValue,
  what: string,
  required: readonly Required[],
  optional: readonly Optional[] = [],
): { readonly [K in Required]: CborValue } & { readonly [K in Optional]?: CborValue } {
  const map = asMap(value, what);
  const members: Record<string, CborValue> = Object.create(null);
  const known: readonly string[] = [...required, ...optional];
  for (const [key, member] of map) {
    if (typeof key !== "string" || !known.includes(key)) throw new Malformed(`${what} has an unknown member`);
    members[key] = member;
  }
  for (const name of required) if (!map.has(name)) throw new Malformed(`${what} has no \`${name}\``);
  return members as { readonly [K in Required]: CborValue } & { readonly [K in Optional]?: CborValue };
}
