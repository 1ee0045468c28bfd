import { I64_MAX, I64_MIN } from "../value.ts";
import { CelError } from "./error.ts";
import type { Uint } from "./value.ts";

const U64_MAX = 2n ** 64n - 1n;

/** @throws {CelError} outside i64. */
export function int(value: bigint): bigint {
  if (value < I64_MIN || value > I64_MAX) throw new CelError("outside the range of int");
  return value;
}

/** @throws {CelError} outside u64. */
export function uint(value: bigint): Uint {
  if (value < 0n || value > U64_MAX) throw new CelError("outside the range of uint");
  return { kind: "uint", value };
}

/** A literal has no sign, so it may be one more than the largest int: its negative is an int. */
export function readInt(text: string): bigint {
  const value = integerOf(text);
  if (value > I64_MAX + 1n) throw new CelError("outside the range of int");
  return value;
}

export function readUint(text: string): Uint {
  return uint(integerOf(text));
}

/** @throws {CelError} for more digits than any integer has: reading them takes more than linear time. */
export function integerOf(digits: string): bigint {
  const significant = digits.replace(/^0+(?=[0-9])/, "");
  if (significant.length > 20) throw new CelError("outside the range of integers");
  return BigInt(significant);
}

export function readDouble(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new CelError("outside the range of double");
  return value;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ["?", "?"],
  ["`", "`"],
]);

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})|([\s\S]))?/g;

/**
 * The text of a literal. Where published releases read a literal unlike its author (an escaped quote of the other
 * kind, a quote inside three, a raw text with `\'`), it is refused.
 */
export function readText(body: string, quote: string, isRaw: boolean): string {
  if (quote.length === 3 && withoutEscapes(body, isRaw).includes(quote.charAt(0))) {
    throw new CelError("a quote inside three");
  }
  if (isRaw) {
    if (/\\(?:["'`]|$)/.test(body)) throw new CelError("a quote behind a backslash in a raw text");
    return body;
  }
  return body.replace(ESCAPE, (_, hex, short, long, octal, single) => {
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const code = hex ?? short ?? long;
    if (code !== undefined) return fromCode(Number.parseInt(code, 16));
    const character = single === quote.charAt(0) ? single : ESCAPES.get(single);
    if (character === undefined) throw new CelError("not an escape");
    return character;
  });
}

function withoutEscapes(body: string, isRaw: boolean): string {
  return isRaw ? body : body.replace(/\\[\s\S]/g, "");
}

function fromCode(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CelError("not a character");
  return String.fromCodePoint(code);
}

/** Bytes have two escapes, and published releases misread them raw or in three quotes. */
export function readBytes(body: string, quote: string, isRaw: boolean): Uint8Array {
  if (isRaw || quote.length === 3) throw new CelError("not bytes");
  // One character a byte, so that escaped bytes can stand among those of UTF-8.
  const bytes = Buffer.from(body).toString("latin1");
  const text = bytes.replace(/\\(?:x([0-9A-Fa-f]{2})|([0-3][0-7]{2}))?/g, (_, hex, octal) => {
    const code = hex === undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex, 16);
    if (Number.isNaN(code)) throw new CelError("not an escape of bytes");
    return String.fromCharCode(code);
  });
  return Buffer.from(text, "latin1");
}
