import { type CodePoints, exactly, folded, not, type Range, ranges } from "./code-points.ts";
import * as looks from "./look.ts";
import { DIGIT, property, SPACE, WORD } from "./property.ts";
import { codePointOf, foldingOf, Invalid, peek, type Reader, skipBlanks, take, takeIf } from "./reader.ts";
import type { Look } from "./syntax.ts";

export type Escape =
  | { readonly kind: "literal"; readonly codePoint: number }
  | { readonly kind: "set"; readonly set: CodePoints }
  | { readonly kind: "look"; readonly look: Look };

/**
 * Reads what follows a `\`.
 *
 * @throws {Invalid}
 */
export function readEscape(reader: Reader): Escape {
  const char = take(reader);
  switch (char) {
    case "x":
      return literal(readHex(reader, 2));
    case "u":
      return literal(readHex(reader, 4));
    case "U":
      return literal(readHex(reader, 8));
    case "p":
    case "P":
      return { kind: "set", set: readProperty(reader, char === "P") };
    case "A":
      return looking(looks.TEXT_START);
    case "z":
      return looking(looks.TEXT_END);
    case "<":
      return looking(wordLooks(reader).start);
    case ">":
      return looking(wordLooks(reader).end);
    case "B":
      return looking(wordLooks(reader).B);
    case "b":
      return looking(wordLooks(reader)[readWordLook(reader) ?? "b"]);
  }
  const control = CONTROLS.get(char);
  if (control !== undefined) return literal(control);
  const isUnicode = reader.flags.u;
  const set = (isUnicode ? UNICODE_SETS : ASCII_SETS).get(char.toLowerCase());
  if (set !== undefined) return { kind: "set", set: negatedIf(reader, char < "a", set) };
  // Any ASCII character that isn't a letter or a digit stands for itself.
  if (/^[^0-9A-Za-z<>]$/.test(char) && codePointOf(char) < 0x80) return literal(codePointOf(char));
  throw new Invalid();
}

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["t", 0x09],
  ["n", 0x0a],
  ["v", 0x0b],
  ["f", 0x0c],
  ["r", 0x0d],
]);

const UNICODE_SETS: ReadonlyMap<string, CodePoints> = new Map([
  ["d", DIGIT],
  ["s", SPACE],
  ["w", WORD],
]);

const ASCII_SETS: ReadonlyMap<string, CodePoints> = new Map([
  ["d", ascii("09")],
  ["s", ascii("\t\r  ")],
  ["w", ascii("09AZ__az")],
]);

/** @param bounds first and last character of each range */
function ascii(bounds: string): CodePoints {
  const list: Range[] = [];
  for (let i = 0; i < bounds.length; i += 2) list.push([bounds.charCodeAt(i), bounds.charCodeAt(i + 1)]);
  return ranges(list, exactly);
}

function literal(codePoint: number): Escape {
  return { kind: "literal", codePoint };
}

function looking(look: Look): Escape {
  return { kind: "look", look };
}

/**
 * The set, or all but the set. Without Unicode that would be bytes which needn't be a character.
 *
 * @throws {Invalid} for such bytes
 */
export function negatedIf(reader: Reader, negated: boolean, set: CodePoints): CodePoints {
  if (negated && !reader.flags.u) throw new Invalid();
  return negated ? not(set) : set;
}

function wordLooks({ flags }: Reader): typeof looks.UNICODE_WORD {
  return flags.u ? looks.UNICODE_WORD : looks.ASCII_WORD;
}

/** The name in `\b{start}`; undefined where braces hold no name, but perhaps a count. */
function readWordLook(reader: Reader): "start" | "end" | "start-half" | "end-half" | undefined {
  const start = reader.at;
  if (!takeIf(reader, "{")) return undefined;
  skipBlanks(reader);
  let name = "";
  while (/^[A-Za-z-]$/.test(peek(reader) ?? "")) {
    name += take(reader);
    skipBlanks(reader);
  }
  if (name === "" && peek(reader) !== undefined) {
    reader.at = start;
    return undefined;
  }
  if (take(reader) !== "}") throw new Invalid();
  if (name === "start" || name === "end" || name === "start-half" || name === "end-half") return name;
  throw new Invalid();
}

/** `\x7F`, `\u1234`, `\U0001F600`, or any number of digits in braces. */
function readHex(reader: Reader, length: number): number {
  let digits = "";
  skipBlanks(reader);
  const braced = takeIf(reader, "{");
  skipBlanks(reader);
  while (braced ? peek(reader) !== "}" : digits.length < length) {
    const digit = take(reader);
    if (!/^[0-9A-Fa-f]$/.test(digit)) throw new Invalid();
    digits += digit;
    skipBlanks(reader);
  }
  if (braced) take(reader);
  const codePoint = Number.parseInt(digits, 16);
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  if (Number.isNaN(codePoint) || codePoint > 0x10ffff || isSurrogate) throw new Invalid();
  // Two digits are a byte where Unicode is off, and above ASCII that isn't a character.
  if (!reader.flags.u && !braced && length === 2 && codePoint > 0x7f) throw new Invalid();
  return codePoint;
}

/** What follows `\p`: one letter, or a name in braces. */
function readProperty(reader: Reader, negated: boolean): CodePoints {
  if (!reader.flags.u) throw new Invalid();
  skipBlanks(reader);
  let text = take(reader);
  if (text === "{") {
    text = "";
    skipBlanks(reader);
    while (peek(reader) !== "}") {
      text += take(reader);
      skipBlanks(reader);
    }
    reader.at++;
  }
  const found = property(text);
  if (found === undefined) throw new Invalid();
  const set = folded(found.set, foldingOf(reader));
  return found.negated === negated ? set : not(set);
}
