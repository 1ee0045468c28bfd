/**
 * A CBOR data item (RFC 8949) as far as Tenuo's wire format uses it: integers are `bigint`, floats are `number`
 * whatever their width, byte strings are `Uint8Array`. Tags and simple values beyond true, false, null and
 * undefined have no place in it.
 */
export type CborValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly CborValue[]
  | CborMap;

export type CborKey = bigint | string;
export type CborMap = ReadonlyMap<CborKey, CborValue>;

export function isMap(value: CborValue): value is CborMap {
  return value instanceof Map;
}

export function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}

export function isBytes(value: CborValue): value is Uint8Array {
  return value instanceof Uint8Array;
}
