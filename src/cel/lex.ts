import type { Evaluation } from "../evaluation.ts";
import { CelError } from "./error.ts";
import { readBytes, readDouble, readInt, readText, readUint } from "./literal.ts";
import type { CelValue } from "./value.ts";

export interface Token {
  readonly kind: "name" | "number" | "text" | "symbol" | "end";
  /** As written. */
  readonly text: string;
  /** Of a number or a text. */
  readonly value?: CelValue;
}

export interface Lexed {
  /** The last one is the end. */
  readonly tokens: readonly Token[];
  readonly hasComment: boolean;
}

/** Only the line feed ends a comment. */
const BLANK = /[\t\n\f\r ]+|\/\/[^\n]*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const HEXADECIMAL = /0x[0-9A-Fa-f]+[uU]?/y;
const NUMBER = /(?:[0-9]+\.[0-9]+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+[uU]?/y;
const SYMBOL = /==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]/y;
const QUOTE = /([bB]?)([rR]?)("""|'''|"|')/y;

/** Steps of each token, beside one for each character. */
const TOKEN_EFFORT = 10;

/** @throws {CelError} for what is no token. */
export function lex(source: string, evaluation: Evaluation): Lexed {
  const tokens: Token[] = [];
  let hasComment = false;
  let at = 0;
  const next = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };

  evaluation.spend(source.length);
  while (at < source.length) {
    evaluation.spend(TOKEN_EFFORT);
    const blank = next(BLANK);
    if (blank !== undefined) {
      at += blank.length;
      hasComment ||= blank.startsWith("/");
      continue;
    }
    QUOTE.lastIndex = at;
    const opening = QUOTE.exec(source);
    const token = opening
      ? readQuoted(source, at, opening, evaluation)
      : (readNumber(next) ?? readWord(next));
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ kind: "end", text: "" });
  return { tokens, hasComment };
}

function readNumber(next: (pattern: RegExp) => string | undefined): Token | undefined {
  const text = next(HEXADECIMAL) ?? next(NUMBER);
  if (text === undefined) return undefined;
  return { kind: "number", text, value: numberOf(text) };
}

function numberOf(text: string): CelValue {
  if (/^0x[^uU]+$|^[0-9]+$/.test(text)) return readInt(text);
  if (/[uU]$/.test(text)) return readUint(text.slice(0, -1));
  return readDouble(text);
}

function readWord(next: (pattern: RegExp) => string | undefined): Token {
  const name = next(NAME);
  // Unlike other reserved words, `in` can't be a name.
  if (name !== undefined) return { kind: name === "in" ? "symbol" : "name", text: name };
  const symbol = next(SYMBOL);
  if (symbol === undefined) throw new CelError("not a token");
  return { kind: "symbol", text: symbol };
}

/** Steps of an escape, beside those for its characters. */
const ESCAPE_EFFORT = 5;

/** Up to the first quote like the opening one that isn't escaped; only three quotes may span lines. */
function readQuoted(source: string, start: number, opening: RegExpExecArray, evaluation: Evaluation): Token {
  const [{ length }, isBytes, isRaw, quote = ""] = opening;
  let end = start + length;
  while (!source.startsWith(quote, end)) {
    const character = source[end];
    if (character === undefined) throw new CelError("a text without an end");
    if (quote.length === 1 && (character === "\n" || character === "\r")) {
      throw new CelError("a line break in a text");
    }
    const isEscape = character === "\\" && !isRaw;
    if (isEscape) evaluation.spend(ESCAPE_EFFORT);
    end += isEscape ? 2 : 1;
  }
  const body = source.slice(start + length, end);
  const value = isBytes ? readBytes(body, quote, Boolean(isRaw)) : readText(body, quote, Boolean(isRaw));
  return { kind: "text", text: source.slice(start, end + quote.length), value };
}
