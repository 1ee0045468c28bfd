import { WORD } from "./property.ts";
import { EDGE, type Look } from "./syntax.ts";

const NEW_LINE = 0x0a;
const RETURN = 0x0d;

export const TEXT_START = look((before) => before === EDGE);
export const TEXT_END = look((_, after) => after === EDGE);

/** `^` and `$` of `(?m)`. */
export const LINE_START = look((before) => before === EDGE || before === NEW_LINE);
export const LINE_END = look((_, after) => after === EDGE || after === NEW_LINE);

/** `^` and `$` of `(?mR)`: also beside a carriage return, but not within CR LF. */
export const CRLF_START = look(
  (before, after) => before === EDGE || before === NEW_LINE || (before === RETURN && after !== NEW_LINE),
);
export const CRLF_END = look(
  (before, after) => after === EDGE || after === RETURN || (after === NEW_LINE && before !== RETURN),
);

type WordLook = "b" | "B" | "start" | "end" | "start-half" | "end-half";

export const UNICODE_WORD = wordLooks(isUnicodeWord, 1 + 2 * WORD.effort);
export const ASCII_WORD = wordLooks(isAsciiWord, 2);

function isAsciiWord(codePoint: number): boolean {
  const lower = codePoint | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (codePoint >= 0x30 && codePoint <= 0x39) || codePoint === 0x5f;
}

function isUnicodeWord(codePoint: number): boolean {
  return codePoint < 0x80 ? isAsciiWord(codePoint) : WORD.has(codePoint);
}

function wordLooks(isWord: (codePoint: number) => boolean, effort: number): Readonly<Record<WordLook, Look>> {
  return {
    b: look((before, after) => isWord(before) !== isWord(after), effort),
    B: look((before, after) => isWord(before) === isWord(after), effort),
    start: look((before, after) => !isWord(before) && isWord(after), effort),
    end: look((before, after) => isWord(before) && !isWord(after), effort),
    "start-half": look((before) => !isWord(before), effort),
    "end-half": look((_, after) => !isWord(after), effort),
  };
}

function look(holds: Look["holds"], effort = 1): Look {
  return Object.freeze({ holds, effort });
}
