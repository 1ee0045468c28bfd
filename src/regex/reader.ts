import { exactly, type Folding, ignoringAsciiCase } from "./code-points.ts";
import { ignoringCase } from "./fold.ts";
import { SPACE } from "./property.ts";

/** The text isn't a regular expression of the dialect. Caught in `parseRegex`. */
export class Invalid extends Error {
  override readonly name = "Invalid";
}

/** A regular expression being read. */
export interface Reader {
  readonly text: string;
  /** In UTF-16 code units. */
  at: number;
  flags: Flags;
  /** Groups and classes that are open. */
  open: number;
  readonly groupNames: Set<string>;
}

/** Letters of `(?…)` that are switched on. `U` and `u` as in Rust: greed, and Unicode. */
export type Flags = Readonly<Record<"i" | "m" | "s" | "x" | "U" | "R" | "u", boolean>>;

export function readerOf(text: string): Reader {
  const flags = { i: false, m: false, s: false, x: false, U: false, R: false, u: true };
  return { text, at: 0, flags, open: 0, groupNames: new Set() };
}

/** The character to be read next, or half of it beyond U+FFFF; undefined at the end. */
export function peek(reader: Reader): string | undefined {
  return reader.text[reader.at];
}

/** @throws {Invalid} at the end. */
export function take(reader: Reader): string {
  const codePoint = reader.text.codePointAt(reader.at);
  if (codePoint === undefined) throw new Invalid();
  const start = reader.at;
  reader.at += codePoint > 0xffff ? 2 : 1;
  return codePoint > 0xffff ? reader.text.slice(start, reader.at) : (reader.text[start] as string);
}

/** Reads the text if it comes next. */
export function takeIf(reader: Reader, text: string): boolean {
  if (!reader.text.startsWith(text, reader.at)) return false;
  reader.at += text.length;
  return true;
}

/** @throws {Invalid} when something else comes next. */
export function expect(reader: Reader, text: string): void {
  if (!takeIf(reader, text)) throw new Invalid();
}

/** Under `(?x)`, passes white space and comments. */
export function skipBlanks(reader: Reader): void {
  if (!reader.flags.x) return;
  for (let char = peek(reader); char !== undefined; char = peek(reader)) {
    if (char === "#") {
      while (peek(reader) !== undefined && take(reader) !== "\n");
    } else if (isWhiteSpace(char)) {
      reader.at++;
    } else {
      return;
    }
  }
}

export function isWhiteSpace(char: string | undefined): boolean {
  return char !== undefined && SPACE.has(codePointOf(char));
}

export function codePointOf(char: string): number {
  return char.codePointAt(0) as number;
}

/** As the flags in force say. */
export function foldingOf({ flags }: Reader): Folding {
  if (!flags.i) return exactly;
  return flags.u ? ignoringCase : ignoringAsciiCase;
}
