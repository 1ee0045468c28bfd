import { compareText } from "../text-order.ts";
import { type CborKey, type CborMap, type CborValue, isArray, isBytes, isMap } from "./value.ts";

/**
 * Encodes deterministically, as Tenuo's preimages need it: shortest heads, floats in the shortest width that
 * keeps the value, map keys sorted (integers first, ascending; then text by its UTF-8 bytes, so `aa` before `b`,
 * unlike RFC 8949 §4.2.1).
 *
 * @throws {RangeError} for an integer beyond 64 bits.
 */
export function encode(value: CborValue): Uint8Array {
  const writer = new Writer();
  writeItem(writer, value);
  return writer.finish();
}

function writeItem(writer: Writer, value: CborValue): void {
  switch (typeof value) {
    case "bigint":
      if (value < 0n) writer.head(1, -1n - value);
      else writer.head(0, value);
      return;
    case "number":
      writer.float(value);
      return;
    case "string":
      writeText(writer, value);
      return;
    case "boolean":
      writer.byte(value ? 0xf5 : 0xf4);
      return;
    case "undefined":
      writer.byte(0xf7);
      return;
  }
  if (value === null) writer.byte(0xf6);
  else if (isBytes(value)) writer.string(2, value);
  else if (isArray(value)) {
    writer.head(4, BigInt(value.length));
    for (const item of value) writeItem(writer, item);
  } else if (isMap(value)) {
    writer.head(5, BigInt(value.size));
    for (const key of sortedKeys(value)) {
      writeItem(writer, key);
      writeItem(writer, value.get(key));
    }
  }
}

function writeText(writer: Writer, text: string): void {
  writer.string(3, Buffer.from(text, "utf8"));
}

function sortedKeys(map: CborMap): readonly CborKey[] {
  const keys = [...map.keys()];
  if (keys.length < 2) return keys;
  return keys.every((key) => typeof key === "string") ? sortedTexts(keys) : keys.sort(compareKeys);
}

/** Up to the first surrogate, UTF-16 units have the order of UTF-8 bytes. */
const IN_BYTE_ORDER = /^[\0-\ud7ff]*$/;

/** As by {@link compareText}, but fast for any names: those of an argument's objects are a stranger's choice. */
function sortedTexts(texts: string[]): readonly string[] {
  if (texts.every((text) => IN_BYTE_ORDER.test(text))) return texts.sort();
  const spelled = texts.map((text) => ({ text, bytes: Buffer.from(text, "utf8").toString("latin1") }));
  return spelled.sort((a, b) => (a.bytes < b.bytes ? -1 : 1)).map(({ text }) => text);
}

function compareKeys(a: CborKey, b: CborKey): number {
  if (typeof a === "bigint") return typeof b === "bigint" && a > b ? 1 : -1;
  return typeof b === "bigint" ? 1 : compareText(a, b);
}

class Writer {
  private buffer = Buffer.allocUnsafe(256);
  private at = 0;

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  head(major: number, argument: bigint): void {
    this.reserve(9);
    const type = major << 5;
    if (argument < 24n) {
      this.buffer[this.at++] = type | Number(argument);
    } else if (argument < 0x100n) {
      this.buffer[this.at++] = type | 24;
      this.buffer[this.at++] = Number(argument);
    } else if (argument < 0x10000n) {
      this.buffer[this.at++] = type | 25;
      this.at = this.buffer.writeUInt16BE(Number(argument), this.at);
    } else if (argument < 0x100000000n) {
      this.buffer[this.at++] = type | 26;
      this.at = this.buffer.writeUInt32BE(Number(argument), this.at);
    } else {
      this.buffer[this.at++] = type | 27;
      this.at = this.buffer.writeBigUInt64BE(argument, this.at);
    }
  }

  float(value: number): void {
    this.reserve(9);
    if (Object.is(Math.f16round(value), value)) {
      this.buffer[this.at++] = 0xf9;
      new DataView(this.buffer.buffer, this.buffer.byteOffset).setFloat16(this.at, value);
      this.at += 2;
    } else if (Object.is(Math.fround(value), value)) {
      this.buffer[this.at++] = 0xfa;
      this.at = this.buffer.writeFloatBE(value, this.at);
    } else {
      this.buffer[this.at++] = 0xfb;
      this.at = this.buffer.writeDoubleBE(value, this.at);
    }
  }

  string(major: number, bytes: Uint8Array): void {
    this.head(major, BigInt(bytes.length));
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  finish(): Uint8Array {
    return this.buffer.subarray(0, this.at);
  }

  private reserve(size: number): void {
    if (this.at + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + size));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
