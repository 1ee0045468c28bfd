// JSON text → Value. None of the npm readers (lossless-json, json-bigint, momoa, jsonc-parser) keeps 1 and 1.0
// apart and 64-bit integers exact, tells repeated member names, and refuses lone surrogates and bad UTF-8.
import { I64_MAX, I64_MIN, type Value } from "../value.ts";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "./limits.ts";

export type JsonResult =
  | { readonly ok: true; readonly document: JsonDocument }
  | { readonly ok: false; readonly fault: string };

export interface JsonDocument {
  readonly value: Value;
  /** Names given more than once, escapes undone, by the object that holds them; such an object has the last. */
  readonly repeated: ReadonlyMap<Value, ReadonlySet<string>>;
}

/** Reads one JSON text (RFC 8259) without losing anything: integers are bigints, all other numbers floats. */
export function parseJson(bytes: Uint8Array): JsonResult {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return { ok: false, fault: "it isn't UTF-8" };
  }
  try {
    const reader = new JsonReader(text);
    return { ok: true, document: { value: reader.document(), repeated: reader.repeated } };
  } catch (error) {
    if (error instanceof JsonFault) return { ok: false, fault: error.message };
    throw error;
  }
}

/** `ignoreBOM` keeps a byte order mark in the text, where it is refused as any other stray character. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class JsonFault extends Error {}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const FRACTION = /[.eE]/;

/** Digits and sign of the least i64. A longer text is out of range, and is not worth the time to convert. */
const MAX_INTEGER_CHARS = 20;

class JsonReader {
  readonly repeated = new Map<Value, Set<string>>();
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    this.#skipBlanks();
    const value = this.#value(0);
    if (this.#at < this.#text.length) this.#fail("text follows the value");
    return value;
  }

  /** Reads a value and the blanks after it. */
  #value(depth: number): Value {
    if (++this.#values > MAX_JSON_VALUES) this.#fail(`more than ${MAX_JSON_VALUES} values`);
    const code = this.#text.charCodeAt(this.#at);
    let value: Value;
    if (code === 0x22) value = this.#string();
    else if (code === 0x7b) value = this.#object(depth + 1);
    else if (code === 0x5b) value = this.#array(depth + 1);
    else if (code === 0x74) value = this.#word("true", true);
    else if (code === 0x66) value = this.#word("false", false);
    else if (code === 0x6e) value = this.#word("null", null);
    else value = this.#number();
    this.#skipBlanks();
    return value;
  }

  #object(depth: number): Value {
    this.#enter(depth);
    const members = new Map<string, Value>();
    if (this.#take(0x7d)) return members;
    do {
      this.#skipBlanks();
      const name = this.#string();
      this.#skipBlanks();
      if (!this.#take(0x3a)) this.#fail("`:` is missing");
      this.#skipBlanks();
      if (members.has(name)) {
        const names = this.repeated.get(members) ?? new Set();
        this.repeated.set(members, names.add(name));
      }
      members.set(name, this.#value(depth));
    } while (this.#take(0x2c));
    if (!this.#take(0x7d)) this.#fail("`,` or `}` is missing");
    return members;
  }

  #array(depth: number): Value {
    this.#enter(depth);
    const items: Value[] = [];
    if (this.#take(0x5d)) return items;
    do {
      this.#skipBlanks();
      items.push(this.#value(depth));
    } while (this.#take(0x2c));
    if (!this.#take(0x5d)) this.#fail("`,` or `]` is missing");
    return items;
  }

  #enter(depth: number): void {
    if (depth > MAX_JSON_DEPTH) this.#fail(`nested deeper than ${MAX_JSON_DEPTH}`);
    this.#at++;
    this.#skipBlanks();
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    if (text.charCodeAt(start) !== 0x22) this.#fail("a text is missing");
    let escaped = false;
    for (let i = start + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === 0x22) {
        this.#at = i + 1;
        return escaped ? this.#unescape(text.slice(start, i + 1)) : text.slice(start + 1, i);
      }
      if (code < 0x20) this.#fail("a control character stands in a text");
      if (code !== 0x5c) continue;
      escaped = true;
      i++;
    }
    this.#fail("a text doesn't end");
  }

  #unescape(quoted: string): string {
    let text = "";
    try {
      text = JSON.parse(quoted) as string;
    } catch {
      this.#fail("a bad escape stands in a text");
    }
    if (!text.isWellFormed()) this.#fail("half of a surrogate pair stands in a text");
    return text;
  }

  #number(): Value {
    NUMBER.lastIndex = this.#at;
    if (!NUMBER.test(this.#text)) this.#fail("a value is missing");
    const digits = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    // An integer can't be −0: the sign would be lost.
    if (!FRACTION.test(digits) && digits !== "-0") {
      const value = digits.length > MAX_INTEGER_CHARS ? undefined : BigInt(digits);
      if (value === undefined || value < I64_MIN || value > I64_MAX) {
        this.#fail("an integer needs more than 64 bits");
      }
      return value;
    }
    const value = Number(digits);
    if (!Number.isFinite(value)) this.#fail("a number is beyond what a double can hold");
    return value;
  }

  #word<Word extends boolean | null>(word: string, value: Word): Word {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a value is missing");
    this.#at += word.length;
    return value;
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    for (; ; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  #fail(fault: string): never {
    throw new JsonFault(`${fault} at character ${this.#at}`);
  }
}
