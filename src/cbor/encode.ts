import { Buffer } from "node:buffer";
import { finish, type Steps } from "../steps.ts";
import { sortedNames } from "./sorted-names.ts";
import { type CborMap, type CborValue, isArray, isMap } from "./value.ts";

/**
 * Encodes deterministically, as Tenuo's preimages need it: shortest heads, floats in the shortest width that
 * keeps the value, map keys sorted (integers first, ascending; then text by its UTF-8 bytes, so `aa` before `b`,
 * unlike RFC 8949 §4.2.1).
 *
 * @throws {RangeError} for an integer beyond 64 bits.
 */
export function encode(value: CborValue): Uint8Array {
  if (!isScalar(value)) return finish(encodeInSteps(value));
  const writer = new Writer();
  writeScalar(writer, value);
  return writer.finish();
}

/** The same for a value of any size: it yields every 0.3 ms or sooner. */
export function* encodeInSteps(value: CborValue): Steps<Uint8Array> {
  const writer = new Writer();
  const nest: Items[] = [];
  let items: Items = { parts: [value], at: 0 };
  for (;;) {
    if (items.at === items.parts.length) {
      const outer = nest.pop();
      if (outer === undefined) return writer.finish();
      items = outer;
      continue;
    }
    if (writer.isPauseDue()) yield;
    const part = items.parts[items.at++];
    if (isMap(part)) {
      writer.head(5, part.size);
      nest.push(items);
      items = { parts: part.size === 1 ? onlyEntry(part) : yield* entriesOf(part), at: 0 };
    } else if (isArray(part)) {
      writer.head(4, part.length);
      nest.push(items);
      items = { parts: part, at: 0 };
    } else if (typeof part === "string" && part.length > PIECE) yield* writeLongText(writer, part);
    else writeScalar(writer, part);
  }
}

/** Items that stand one after the other, and which of them comes next. */
interface Items {
  readonly parts: readonly CborValue[];
  at: number;
}

/** Keys and values of a map, one after the other, as they are written. */
function* entriesOf(map: CborMap): Steps<readonly CborValue[]> {
  const parts: CborValue[] = [];
  const integers: bigint[] = [];
  const names: string[] = [];
  for (const key of map.keys()) {
    if (typeof key === "bigint") integers.push(key);
    else names.push(key);
  }
  for (const key of integers.sort((a, b) => (a < b ? -1 : 1))) parts.push(key, map.get(key));
  for (const name of names.length < 2 ? names : yield* sortedNames(names)) {
    parts.push(name, map.get(name));
    if (parts.length % PARTS === 0) yield;
  }
  return parts;
}

function onlyEntry(map: CborMap): readonly CborValue[] {
  for (const entry of map) return entry;
  return [];
}

/** Parts looked up in one go. */
const PARTS = 2048;

/** Characters of text encoded in one go. */
const PIECE = 65_536;

function* writeLongText(writer: Writer, text: string): Steps<void> {
  writer.head(3, Buffer.byteLength(text));
  for (let start = 0, end = 0; start < text.length; start = end) {
    yield;
    end = start + PIECE;
    // A pair of surrogates is one character.
    if (isHighSurrogate(text.charCodeAt(end - 1))) end--;
    writer.characters(text.slice(start, end));
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

type Scalar = Exclude<CborValue, CborMap | readonly CborValue[]>;

function isScalar(value: CborValue): value is Scalar {
  return !isMap(value) && !isArray(value);
}

function writeScalar(writer: Writer, value: Scalar): void {
  switch (typeof value) {
    case "bigint":
      writer.integer(value);
      return;
    case "number":
      writer.float(value);
      return;
    case "string":
      writer.text(value);
      return;
    case "boolean":
      writer.byte(value ? 0xf5 : 0xf4);
      return;
    case "undefined":
      writer.byte(0xf7);
      return;
  }
  if (value === null) writer.byte(0xf6);
  else writer.bytes(value);
}

/** Bytes written in one go. */
const STRETCH = 4096;

const TWO_32 = 2 ** 32;
const TWO_64 = 2n ** 64n;

class Writer {
  private buffer = Buffer.allocUnsafe(128);
  private at = 0;
  private pauseAt = STRETCH;

  isPauseDue(): boolean {
    if (this.at < this.pauseAt) return false;
    this.pauseAt = this.at + STRETCH;
    return true;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  integer(value: bigint): void {
    const major = value < 0n ? 1 : 0;
    const argument = value < 0n ? -1n - value : value;
    const number = Number(argument);
    if (number < TWO_32) {
      this.head(major, number);
      return;
    }
    if (argument >= TWO_64) throw new RangeError("an integer needs more than 64 bits");
    this.reserve(9);
    this.buffer[this.at] = (major << 5) | 27;
    this.buffer.writeBigUInt64BE(argument, this.at + 1);
    this.at += 9;
  }

  /** @param argument less than 2^32 */
  head(major: number, argument: number): void {
    this.reserve(5);
    const type = major << 5;
    if (argument < 24) {
      this.buffer[this.at++] = type | argument;
    } else if (argument < 0x100) {
      this.buffer[this.at++] = type | 24;
      this.buffer[this.at++] = argument;
    } else if (argument < 0x10000) {
      this.buffer[this.at++] = type | 25;
      this.buffer.writeUInt16BE(argument, this.at);
      this.at += 2;
    } else {
      this.buffer[this.at++] = type | 26;
      this.buffer.writeUInt32BE(argument, this.at);
      this.at += 4;
    }
  }

  float(value: number): void {
    this.reserve(9);
    if (Object.is(Math.f16round(value), value)) {
      this.buffer[this.at++] = 0xf9;
      viewOf(this.buffer).setFloat16(this.at, value);
      this.at += 2;
    } else if (Object.is(Math.fround(value), value)) {
      this.buffer[this.at++] = 0xfa;
      this.buffer.writeFloatBE(value, this.at);
      this.at += 4;
    } else {
      this.buffer[this.at++] = 0xfb;
      this.buffer.writeDoubleBE(value, this.at);
      this.at += 8;
    }
  }

  bytes(value: Uint8Array): void {
    this.head(2, value.length);
    this.reserve(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  text(value: string): void {
    this.head(3, Buffer.byteLength(value));
    this.characters(value);
  }

  characters(value: string): void {
    this.reserve(3 * value.length);
    this.at += this.buffer.write(value, this.at, "utf8");
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

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
