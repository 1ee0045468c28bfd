import { exactly, ranges } from "./code-points.ts";
import * as looks from "./look.ts";
import { levelsOf, MAX_NESTING } from "./nesting.ts";
import { readClass } from "./parse-class.ts";
import { readEscape } from "./parse-escape.ts";
import { LETTER, LETTER_OR_NUMBER } from "./property.ts";
import {
  codePointOf,
  expect,
  type Flags,
  foldingOf,
  Invalid,
  isWhiteSpace,
  peek,
  type Reader,
  readerOf,
  skipBlanks,
  take,
  takeIf,
} from "./reader.ts";
import { alternate, concat, EMPTY, type Look, literal, looking, type Node, oneOf, repeat } from "./syntax.ts";

/**
 * Reads the dialect of the Rust `regex` crate (constraints §3.5). It takes time linear in the text.
 *
 * @returns undefined where Rust refuses it, and for the few things that can't be told here as there.
 */
export function parseRegex(text: string): Node | undefined {
  const reader = readerOf(text);
  try {
    const { node, depth } = readAlternatives(reader);
    return reader.at === text.length && depth <= MAX_NESTING ? node : undefined;
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}

interface Term {
  readonly node: Node;
  /** Levels it is made of: none for a single character. */
  readonly depth: number;
  /** `(?i)` and its like: nothing to be repeated. */
  readonly isFlags?: true;
}

/** Up to the end, or a `)`. */
function readAlternatives(reader: Reader): Term {
  const branches: Term[] = [];
  let terms: Term[] = [];
  for (;;) {
    skipBlanks(reader);
    const char = peek(reader);
    if (char === undefined || char === ")") break;
    if (takeIf(reader, "|")) {
      branches.push(joined(terms, concat));
      terms = [];
    } else if ("?*+{".includes(char)) {
      terms.push(readRepetition(reader, terms.pop()));
    } else {
      terms.push(readTerm(reader));
    }
  }
  branches.push(joined(terms, concat));
  return joined(branches, alternate);
}

function joined(terms: readonly Term[], join: (nodes: readonly Node[]) => Node): Term {
  const [first] = terms;
  if (first !== undefined && terms.length === 1) return first;
  const depth = terms.reduce((most, term) => Math.max(most, term.depth), 0);
  return { node: join(terms.map(({ node }) => node)), depth: levelsOf(terms.length, depth) };
}

function readRepetition(reader: Reader, term: Term | undefined): Term {
  if (term === undefined || term.isFlags) throw new Invalid();
  const [min, max] = readCount(reader);
  // Lazy or not, it is found at the same places.
  takeIf(reader, "?");
  return { node: repeat(term.node, min, max), depth: term.depth + 1 };
}

function readCount(reader: Reader): readonly [min: number, max: number] {
  const operator = take(reader);
  if (operator === "?") return [0, 1];
  if (operator !== "{") return [operator === "+" ? 1 : 0, Number.POSITIVE_INFINITY];
  skipBlanks(reader);
  const min = readDecimal(reader);
  let max = min;
  if (takeIf(reader, ",")) {
    skipBlanks(reader);
    max = peek(reader) === "}" ? Number.POSITIVE_INFINITY : readDecimal(reader);
  }
  expect(reader, "}");
  skipBlanks(reader);
  if (min > max) throw new Invalid();
  return [min, max];
}

function readDecimal(reader: Reader): number {
  let digits = "";
  while (isWhiteSpace(peek(reader))) reader.at++;
  while (/^[0-9]$/.test(peek(reader) ?? "")) {
    digits += take(reader);
    skipBlanks(reader);
  }
  while (isWhiteSpace(peek(reader))) {
    reader.at++;
    skipBlanks(reader);
  }
  const value = Number(digits);
  if (digits === "" || value > 0xffffffff) throw new Invalid();
  return value;
}

function readTerm(reader: Reader): Term {
  const { flags } = reader;
  const char = take(reader);
  switch (char) {
    case "(":
      return readGroup(reader);
    case "[": {
      const { set, depth } = readClass(reader);
      return { node: oneOf(set), depth };
    }
    case "\\": {
      const escaped = readEscape(reader);
      if (escaped.kind === "look") return leaf(looking(escaped.look));
      return leaf(escaped.kind === "set" ? oneOf(escaped.set) : readLiteral(reader, escaped.codePoint));
    }
    case ".":
      return leaf(anyCharacter(flags));
    case "^":
      return leaf(looking(startOf(flags)));
    case "$":
      return leaf(looking(endOf(flags)));
    default:
      return leaf(readLiteral(reader, codePointOf(char)));
  }
}

function leaf(node: Node): Term {
  return { node, depth: 0 };
}

function readLiteral(reader: Reader, codePoint: number): Node {
  const folding = foldingOf(reader);
  if (folding(codePoint).length === 0) return literal(codePoint);
  return oneOf(ranges([[codePoint, codePoint]], folding));
}

function anyCharacter({ s, R, u }: Flags): Node {
  // Without Unicode it is any byte, which needn't be a character.
  if (!u) throw new Invalid();
  if (s) return oneOf(ranges([[0, 0x10ffff]], exactly));
  const notNewLine = [
    [0, 0x09],
    [0x0b, R ? 0x0c : 0x10ffff],
  ] as const;
  return oneOf(ranges(R ? [...notNewLine, [0x0e, 0x10ffff]] : notNewLine, exactly));
}

function startOf({ m, R }: Flags): Look {
  if (!m) return looks.TEXT_START;
  return R ? looks.CRLF_START : looks.LINE_START;
}

function endOf({ m, R }: Flags): Look {
  if (!m) return looks.TEXT_END;
  return R ? looks.CRLF_END : looks.LINE_END;
}

/** After the `(`. */
function readGroup(reader: Reader): Term {
  skipBlanks(reader);
  const outer = reader.flags;
  if (takeIf(reader, "?P<") || takeIf(reader, "?<")) {
    readGroupName(reader);
  } else if (takeIf(reader, "?")) {
    const { flags, end, isEmpty } = readFlags(reader);
    reader.flags = flags;
    if (end === ")") {
      if (isEmpty) throw new Invalid();
      return { ...leaf(EMPTY), isFlags: true };
    }
  }
  // More open groups than levels can't end well, and would take too much of the stack.
  if (reader.open++ >= MAX_NESTING) throw new Invalid();
  const { node, depth } = readAlternatives(reader);
  expect(reader, ")");
  reader.open--;
  reader.flags = outer;
  return { node, depth: depth + 1 };
}

function readGroupName(reader: Reader): void {
  let name = "";
  for (let char = take(reader); char !== ">"; char = take(reader)) {
    const codePoint = codePointOf(char);
    const isAllowed =
      char === "_" ||
      (name === "" ? LETTER.has(codePoint) : ".[]".includes(char) || LETTER_OR_NUMBER.has(codePoint));
    if (!isAllowed) throw new Invalid();
    name += char;
  }
  if (name === "" || reader.groupNames.has(name)) throw new Invalid();
  reader.groupNames.add(name);
}

interface NewFlags {
  readonly flags: Flags;
  /** `)` or `:`. */
  readonly end: string;
  readonly isEmpty: boolean;
}

function readFlags(reader: Reader): NewFlags {
  let { flags } = reader;
  let last = "";
  const seen = new Set<string>();
  for (;;) {
    const char = take(reader);
    if (char === ")" || char === ":") {
      if (last === "-") throw new Invalid();
      return { flags, end: char, isEmpty: last === "" };
    }
    if (seen.has(char)) throw new Invalid();
    if (char !== "-") {
      if (!isFlag(char)) throw new Invalid();
      flags = { ...flags, [char]: !seen.has("-") };
    }
    seen.add(char);
    last = char;
  }
}

function isFlag(char: string): char is keyof Flags {
  return "imsxURu".includes(char);
}
