import type { Buffer } from "node:buffer";
import { I64_MAX, I64_MIN, type Value } from "../value.ts";
import { MAX_INTEGER_CHARS, MAX_JSON_NUMBER_CHARS } from "./limits.ts";

/** The bytes aren't one JSON text; `at` is the byte it shows at. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  readonly at: number;

  constructor(fault: string, at: number) {
    super(fault);
    this.at = at;
  }
}

/** Bytes read before it is time for a pause: some 0.1 ms for those that take longest. */
const STRETCH = 4096;

/** Bytes made text at once, of which the texts of a document are slices. */
const WINDOW = 65_536;

/** An integer of so many characters is exact as a number. */
const MAX_EXACT_CHARS = 15;

/**
 * Reads the parts of a JSON text from bytes that are UTF-8. What can be long is read a stretch at a time: the method
 * then says that it isn't through, and is called again after a pause.
 */
export class JsonScanner {
  #at = 0;
  #pauseAt = STRETCH;
  readonly #bytes: Buffer;
  /** Of the text being read: where it begins, what was read of it before the last pause, and whether by escapes. */
  #textStart = 0;
  #textHead = "";
  #textEscaped = false;
  #window = "";
  #windowStart = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Moves past blanks to what comes next; false where a pause is due first. */
  reachToken(): boolean {
    if (this.#at >= this.#pauseAt) {
      this.#pauseAt = this.#at + STRETCH;
      return false;
    }
    for (; this.#at < this.#pauseAt; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return true;
    }
    return false;
  }

  /** The byte that comes next, undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  /** Begins a text, which {@link text} then reads. */
  openText(): void {
    this.#textStart = this.#at;
    if (!this.take(0x22)) this.fail("a text is missing");
    this.#textHead = "";
    this.#textEscaped = false;
  }

  /** The text that was opened, undefined where a pause is due before its end. */
  text(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let pause = Math.min(start + STRETCH, bytes.length);
    let at = start;
    let escaped = false;
    let bits = 0;
    while (at < pause) {
      const byte = bytes[at] as number;
      if (byte === 0x22) {
        this.#at = at + 1;
        return this.#closeText(this.#piece(start, at, bits, escaped));
      }
      if (byte < 0x20) this.#failText("a control character stands in a text");
      bits |= byte;
      if (byte === 0x5c) {
        escaped = true;
        const end = at + (bytes[at + 1] === 0x75 ? 6 : 2);
        if (end > pause) pause = Math.min(end, bytes.length);
        at++;
      }
      at++;
    }
    while (isContinuation(bytes[at])) at++;
    if (at >= bytes.length) this.#failText("a text doesn't end");
    this.#at = at;
    this.#textHead += this.#piece(start, at, bits, escaped);
    return undefined;
  }

  #closeText(tail: string): string {
    const text = this.#textHead === "" ? tail : this.#textHead + tail;
    if (this.#textEscaped && !text.isWellFormed()) this.fail("half of a surrogate pair stands in a text");
    return text;
  }

  #piece(start: number, end: number, bits: number, escaped: boolean): string {
    const raw = bits < 0x80 ? this.#ascii(start, end) : this.#bytes.toString("utf8", start, end);
    if (!escaped) return raw;
    this.#textEscaped = true;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      return this.fail("a bad escape stands in a text");
    }
  }

  #ascii(start: number, end: number): string {
    if (end > this.#windowStart + this.#window.length) {
      this.#windowStart = start;
      this.#window = this.#bytes.toString("latin1", start, start + WINDOW);
    }
    return this.#window.slice(start - this.#windowStart, end - this.#windowStart);
  }

  /** An integer as a bigint, every other number as a float. */
  #number(): bigint | number {
    const bytes = this.#bytes;
    const start = this.#at;
    const limit = start + MAX_JSON_NUMBER_CHARS + 1;
    const negative = bytes[start] === 0x2d;
    let at = negative ? start + 1 : start;
    if (!isDigit(bytes[at])) this.fail("a value is missing");
    at = bytes[at] === 0x30 ? at + 1 : this.#digits(at, limit);
    const integerEnd = at;
    if (bytes[at] === 0x2e && isDigit(bytes[at + 1])) at = this.#digits(at + 1, limit);
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      const sign = bytes[at + 1];
      const exponent = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
      if (isDigit(bytes[exponent])) at = this.#digits(exponent, limit);
    }
    if (at >= limit) this.fail(`a number has more than ${MAX_JSON_NUMBER_CHARS} characters`);
    this.#at = at;
    return at === integerEnd ? this.#integer(start, at, negative) : this.#float(start, at);
  }

  #digits(from: number, limit: number): number {
    let at = from;
    while (at < limit && isDigit(this.#bytes[at])) at++;
    return at;
  }

  #integer(start: number, end: number, negative: boolean): bigint | number {
    if (end - start <= MAX_EXACT_CHARS) {
      let magnitude = 0;
      for (let at = negative ? start + 1 : start; at < end; at++) {
        magnitude = magnitude * 10 + (this.#bytes[at] as number) - 0x30;
      }
      // An integer can't be −0: the sign would be lost.
      if (negative && magnitude === 0) return -0;
      return BigInt(negative ? -magnitude : magnitude);
    }
    const value = end - start > MAX_INTEGER_CHARS ? undefined : BigInt(this.#ascii(start, end));
    if (value === undefined || value < I64_MIN || value > I64_MAX) {
      return this.fail("an integer needs more than 64 bits");
    }
    return value;
  }

  #float(start: number, end: number): number {
    const value = Number(this.#ascii(start, end));
    if (!Number.isFinite(value)) this.fail("a number is beyond what a double can hold");
    return value;
  }

  /** A value that is no text, list or object; `byte` is the one it begins with. */
  scalar(byte: number | undefined): Value {
    if (byte === 0x74) return this.#word("true", true);
    if (byte === 0x66) return this.#word("false", false);
    if (byte === 0x6e) return this.#word("null", null);
    return this.#number();
  }

  #word<Word extends boolean | null>(word: string, value: Word): Word {
    for (let i = 0; i < word.length; i++) {
      if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) this.fail("a value is missing");
    }
    this.#at += word.length;
    return value;
  }

  fail(fault: string): never {
    throw new JsonFault(fault, this.#at);
  }

  #failText(fault: string): never {
    throw new JsonFault(fault, this.#textStart);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Whether a byte goes on with a character that began before. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
