import type { CborKey, CborMap, CborValue } from "./value.ts";

/**
 * Arrays and maps inside one another. A constraint nests 32 levels at two arrays or maps each, inside a payload
 * five deep; the reference's own guard sits near 256.
 */
export const MAX_DEPTH = 160;

/** The input isn't one item of the strict subset of CBOR; `offset` is the byte it stopped at. */
export class CborError extends Error {
  override readonly name = "CborError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/**
 * Decodes exactly one item. Stricter than RFC 8949, since signed bytes shall have one reading: definite lengths,
 * shortest integer heads, no tags, no duplicate keys, text in valid UTF-8, nothing after the item, and keys that
 * are text or an integer from 0 to 255. Floats may have any width.
 *
 * @param maxItems items to read at most, those inside others included, where fewer than the bytes could hold are wanted
 * @throws {CborError} for everything else, in time linear in the input.
 */
export function decode(bytes: Uint8Array, maxItems = Number.POSITIVE_INFINITY): CborValue {
  const reader = readerOf(bytes, maxItems);
  const value = readItem(reader, 0);
  if (reader.at !== bytes.length) throw new CborError("bytes after the item", reader.at);
  return value;
}

/** The same for the first item, whatever follows it. */
export function decodeFirst(bytes: Uint8Array): CborValue {
  return readItem(readerOf(bytes), 0);
}

function readerOf(bytes: Uint8Array, left = Number.POSITIVE_INFINITY): Reader {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0, left };
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  /** Items that may still be read. */
  left: number;
}

// `ignoreBOM` keeps U+FEFF as the character that was signed.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readItem(reader: Reader, depth: number): CborValue {
  const head = reader.bytes[reader.at];
  if (head === undefined) throw new CborError("the input ends early", reader.at);
  if (--reader.left < 0) throw new CborError("too many items", reader.at);
  const info = head & 0x1f;
  switch (head >> 5) {
    case 0:
      return readArgument(reader, info);
    case 1:
      return -1n - readArgument(reader, info);
    case 2:
      return readBytes(reader, info);
    case 3:
      return readText(reader, info);
    case 4:
      return readArray(reader, info, depth);
    case 5:
      return readMap(reader, info, depth);
    case 6:
      throw new CborError("a tag", reader.at);
    default:
      return readSimple(reader, info);
  }
}

function readArgument(reader: Reader, info: number): bigint {
  const start = reader.at++;
  if (info < 24) return BigInt(info);
  switch (info) {
    case 24:
      return shortest(BigInt(take(reader, 1, (at) => reader.view.getUint8(at))), 24n, start);
    case 25:
      return shortest(BigInt(take(reader, 2, (at) => reader.view.getUint16(at))), 0x100n, start);
    case 26:
      return shortest(BigInt(take(reader, 4, (at) => reader.view.getUint32(at))), 0x10000n, start);
    case 27:
      return shortest(
        take(reader, 8, (at) => reader.view.getBigUint64(at)),
        0x100000000n,
        start,
      );
    case 31:
      throw new CborError("an indefinite length", start);
    default:
      throw new CborError("a reserved head", start);
  }
}

function shortest(value: bigint, least: bigint, start: number): bigint {
  if (value < least) throw new CborError("an integer head longer than needed", start);
  return value;
}

function take<T>(reader: Reader, size: number, read: (at: number) => T): T {
  const at = reader.at;
  if (at + size > reader.bytes.length) throw new CborError("the input ends early", reader.bytes.length);
  reader.at += size;
  return read(at);
}

/** A length or count; each unit takes at least one byte, so a count beyond the input is refused before any work. */
function readLength(reader: Reader, info: number): number {
  const start = reader.at;
  const length = readArgument(reader, info);
  if (length > BigInt(reader.bytes.length - reader.at))
    throw new CborError("a length beyond the input", start);
  return Number(length);
}

/** A copy, so that whoever keeps one keeps nothing else of what was received, nor of the pool that it lay in. */
function readBytes(reader: Reader, info: number): Uint8Array {
  return new Uint8Array(viewBytes(reader, info));
}

function viewBytes(reader: Reader, info: number): Uint8Array {
  const length = readLength(reader, info);
  return take(reader, length, (at) => reader.bytes.subarray(at, at + length));
}

function readText(reader: Reader, info: number): string {
  const start = reader.at;
  const bytes = viewBytes(reader, info);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CborError("text that isn't UTF-8", start);
  }
}

function readArray(reader: Reader, info: number, depth: number): readonly CborValue[] {
  if (depth >= MAX_DEPTH) throw new CborError("too deep a nesting", reader.at);
  const length = readLength(reader, info);
  const items: CborValue[] = [];
  for (let i = 0; i < length; i++) items.push(readItem(reader, depth + 1));
  return items;
}

function readMap(reader: Reader, info: number, depth: number): CborMap {
  if (depth >= MAX_DEPTH) throw new CborError("too deep a nesting", reader.at);
  const length = readLength(reader, info);
  if (length === 0) return EMPTY_MAP;
  const map = new Map<CborKey, CborValue>();
  for (let i = 0; i < length; i++) {
    const start = reader.at;
    const key = readItem(reader, depth + 1);
    if (typeof key !== "bigint" && typeof key !== "string") {
      throw new CborError("a key that is neither integer nor text", start);
    }
    if (typeof key === "bigint" && !isByte(key))
      throw new CborError("an integer key outside 0 to 255", start);
    if (map.has(key)) throw new CborError("a duplicate key", start);
    map.set(key, readItem(reader, depth + 1));
  }
  return map;
}

/** Shared, since an empty one takes one byte of a stranger, and a hundred times that here. */
const EMPTY_MAP: CborMap = new Map();

/** The format has no others, and colliding larger ones could be computed to make a map slow. */
function isByte(key: bigint): boolean {
  return key >= 0n && key <= 255n;
}

function readSimple(reader: Reader, info: number): CborValue {
  const start = reader.at++;
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
      return null;
    case 23:
      return undefined;
    case 25:
      return take(reader, 2, (at) => reader.view.getFloat16(at));
    case 26:
      return take(reader, 4, (at) => reader.view.getFloat32(at));
    case 27:
      return take(reader, 8, (at) => reader.view.getFloat64(at));
    default:
      throw new CborError("a simple value", start);
  }
}
