/** A set of warrant ids as sorted bytes, 16 an id: small, and plain data that another thread can hand over. */
export type PackedIds = Uint8Array;

const ID_BYTES = 16;

/** @param ids in the form of `Warrant.id`: 32 lower-case hex digits each; repeated ones count once */
export function packIds(ids: Iterable<string>): PackedIds {
  return Buffer.from([...new Set(ids)].sort().join(""), "hex");
}

export function countIds(ids: PackedIds): number {
  return ids.length / ID_BYTES;
}

/** In the order of their texts, which is that of their bytes. */
export function unpackIds(ids: PackedIds): readonly string[] {
  const hex = Buffer.from(ids.buffer, ids.byteOffset, ids.length).toString("hex");
  return hex.match(/.{32}/g) ?? [];
}

/** Whether an id is among them, by binary search. */
export function hasId(ids: PackedIds, id: string): boolean {
  const bytes = Buffer.from(ids.buffer, ids.byteOffset, ids.length);
  const sought = Buffer.from(id, "hex");
  let low = 0;
  let high = countIds(ids);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = bytes.compare(sought, 0, ID_BYTES, middle * ID_BYTES, (middle + 1) * ID_BYTES);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}
