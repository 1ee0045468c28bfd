import {
  type CodePoints,
  difference,
  intersection,
  type Range,
  ranges,
  symmetricDifference,
  union,
} from "./code-points.ts";
import { levelsOf, MAX_NESTING } from "./nesting.ts";
import { type Escape, negatedIf, readEscape } from "./parse-escape.ts";
import { codePointOf, foldingOf, Invalid, peek, type Reader, skipBlanks, take, takeIf } from "./reader.ts";

export interface Class {
  readonly set: CodePoints;
  /** Levels it is made of. */
  readonly depth: number;
}

const OPERATORS = { "&&": intersection, "--": difference, "~~": symmetricDifference } as const;
const OPERATOR_OF = new Map([
  ["&", "&&"],
  ["-", "--"],
  ["~", "~~"],
] as const) as ReadonlyMap<string | undefined, keyof typeof OPERATORS>;

/**
 * Reads a class after its `[`. Operators bind from left to right, more loosely than members that follow one another.
 *
 * @throws {Invalid}
 */
export function readClass(reader: Reader): Class {
  if (reader.open++ >= MAX_NESTING) throw new Invalid();
  skipBlanks(reader);
  const negated = takeIf(reader, "^");
  let members = readFirst(reader);
  let left: Class | undefined;
  let combine: (typeof OPERATORS)[keyof typeof OPERATORS] = intersection;
  for (;;) {
    skipBlanks(reader);
    const operator = takeOperator(reader);
    if (operator === undefined && peek(reader) !== "]") {
      readMember(reader, members);
      continue;
    }
    const right = classOf(reader, members);
    left =
      left === undefined
        ? right
        : { set: combine(left.set, right.set), depth: Math.max(left.depth, right.depth) + 1 };
    if (operator === undefined) break;
    combine = OPERATORS[operator];
    members = newMembers();
  }
  take(reader);
  reader.open--;
  return { set: negatedIf(reader, negated, left.set), depth: left.depth + 1 };
}

interface Members {
  readonly ranges: Range[];
  readonly sets: CodePoints[];
  /** Levels of the deepest. */
  depth: number;
}

function newMembers(): Members {
  return { ranges: [], sets: [], depth: 0 };
}

/** Leading `-` are members, and so is a `]` in first place. */
function readFirst(reader: Reader): Members {
  const members = newMembers();
  skipBlanks(reader);
  while (takeIf(reader, "-")) {
    members.ranges.push([0x2d, 0x2d]);
    skipBlanks(reader);
  }
  if (members.ranges.length === 0 && takeIf(reader, "]")) members.ranges.push([0x5d, 0x5d]);
  return members;
}

function takeOperator(reader: Reader): keyof typeof OPERATORS | undefined {
  const operator = OPERATOR_OF.get(peek(reader));
  return operator !== undefined && takeIf(reader, operator) ? operator : undefined;
}

/** The union of what was read, each part with the case ignored as the flags say. */
function classOf(reader: Reader, { ranges: list, sets, depth }: Members): Class {
  const own = list.length > 0 || sets.length === 0 ? [ranges(list, foldingOf(reader))] : [];
  return { set: union([...own, ...sets]), depth: levelsOf(list.length + sets.length, depth) };
}

function readMember(reader: Reader, members: Members): void {
  if (takeIf(reader, "[")) {
    const { set, depth } = readAsciiClass(reader) ?? readClass(reader);
    members.sets.push(set);
    members.depth = Math.max(members.depth, depth);
    return;
  }
  const first = readItem(reader);
  skipBlanks(reader);
  if (isRange(reader)) {
    reader.at++;
    skipBlanks(reader);
    const range = [asLiteral(reader, first), asLiteral(reader, readItem(reader))] as const;
    if (range[0] > range[1]) throw new Invalid();
    members.ranges.push(range);
  } else if (first.kind === "set") {
    members.sets.push(first.set);
  } else {
    const codePoint = asLiteral(reader, first);
    members.ranges.push([codePoint, codePoint]);
  }
}

/** A `-` makes a range, except before `]`, where it is a member, and before `-`, where it begins an operator. */
function isRange(reader: Reader): boolean {
  const start = reader.at;
  if (!takeIf(reader, "-")) return false;
  skipBlanks(reader);
  const next = peek(reader);
  reader.at = start;
  return next !== "]" && next !== "-";
}

function readItem(reader: Reader): Escape {
  return takeIf(reader, "\\")
    ? readEscape(reader)
    : { kind: "literal", codePoint: codePointOf(take(reader)) };
}

function asLiteral(reader: Reader, item: Escape): number {
  if (item.kind !== "literal") throw new Invalid();
  // Without Unicode a class is one of bytes.
  if (!reader.flags.u && item.codePoint > 0x7f) throw new Invalid();
  return item.codePoint;
}

/** `:alpha:]` and its like, after the `[`. Anything else begins a class of its own. */
function readAsciiClass(reader: Reader): Class | undefined {
  const text = reader.text.slice(reader.at, reader.at + MAX_ASCII_CLASS);
  const [all, negation, name = ""] = /^:(\^?)([a-z]+):\]/.exec(text) ?? [];
  const bounds = ASCII_CLASSES.get(name);
  if (all === undefined || bounds === undefined) return undefined;
  reader.at += all.length;
  const set = negatedIf(reader, negation === "^", ranges(bounds, foldingOf(reader)));
  return { set, depth: 0 };
}

const MAX_ASCII_CLASS = ":^xdigit:]".length;
const DIGITS: Range = [0x30, 0x39];
const UPPER: Range = [0x41, 0x5a];
const LOWER: Range = [0x61, 0x7a];

const ASCII_CLASSES: ReadonlyMap<string, readonly Range[]> = new Map<string, readonly Range[]>([
  ["alnum", [DIGITS, UPPER, LOWER]],
  ["alpha", [UPPER, LOWER]],
  ["ascii", [[0x00, 0x7f]]],
  [
    "blank",
    [
      [0x09, 0x09],
      [0x20, 0x20],
    ],
  ],
  [
    "cntrl",
    [
      [0x00, 0x1f],
      [0x7f, 0x7f],
    ],
  ],
  ["digit", [DIGITS]],
  ["graph", [[0x21, 0x7e]]],
  ["lower", [LOWER]],
  ["print", [[0x20, 0x7e]]],
  [
    "punct",
    [
      [0x21, 0x2f],
      [0x3a, 0x40],
      [0x5b, 0x60],
      [0x7b, 0x7e],
    ],
  ],
  [
    "space",
    [
      [0x09, 0x0d],
      [0x20, 0x20],
    ],
  ],
  ["upper", [UPPER]],
  ["word", [DIGITS, UPPER, [0x5f, 0x5f], LOWER]],
  ["xdigit", [DIGITS, [0x41, 0x46], [0x61, 0x66]]],
]);
