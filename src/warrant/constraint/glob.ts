import type { Evaluation } from "../../evaluation.ts";

/**
 * The glob dialect of the Tenuo Pattern (§3.4): `*` any characters, `/` included; `?` one character; `[abc]`,
 * `[a-c]`, `[!abc]` one of a set; `**` a whole path component, any number of components. No escapes, no braces.
 * Characters are Unicode code points.
 */
export interface Glob {
  readonly pieces: readonly Piece[];
  /** Whether anything may follow the last piece. */
  readonly isOpen: boolean;
}

/** Tokens of one code point each, after a gap. */
interface Piece {
  readonly gap: Gap;
  readonly tokens: readonly Token[];
}

/** `none`: nothing in between. `any`: `*`. `components`: `**` + `/`, nothing or whole components. */
type Gap = "none" | "any" | "components";
/** A literal code point, {@link ANY}, or a set. */
type Token = number | CharacterSet;
const ANY = -1;

interface CharacterSet {
  readonly negated: boolean;
  /** First and last code point of each range. */
  readonly ranges: readonly (readonly [number, number])[];
}

const SLASH = "/";

/** Steps of compiling one character. */
const COMPILE_EFFORT = 6;

/** @returns undefined for an invalid pattern. */
export function compileGlob(pattern: string, evaluation: Evaluation): Glob | undefined {
  evaluation.spend(COMPILE_EFFORT * pattern.length);
  const chars = Array.from(pattern);
  const pieces: Piece[] = [];
  let gap: Gap = "none";
  let tokens: Token[] = [];
  const startGap = (next: Gap): void => {
    if (tokens.length > 0 || gap === "none") {
      pieces.push({ gap, tokens });
      tokens = [];
      gap = next;
    } else if (next === "any") {
      gap = next;
    }
  };

  let i = 0;
  while (i < chars.length) {
    const char = chars[i] as string;
    if (char === "*") {
      const start = i;
      while (chars[i] === "*") i++;
      if (i - start === 1) {
        startGap("any");
        continue;
      }
      const isComponent = i - start === 2 && (start === 0 || chars[start - 1] === SLASH);
      if (!isComponent || (i < chars.length && chars[i] !== SLASH)) return undefined;
      // At the end, with its slash or without, it is everything that is left; inside it swallows its slash.
      startGap(i + 1 < chars.length ? "components" : "any");
      i++;
    } else if (char === "?") {
      tokens.push(ANY);
      i++;
    } else if (char === "[") {
      const end = endOfSet(chars, i);
      if (end === undefined) return undefined;
      tokens.push(compileSet(chars.slice(i + 1, end)));
      i = end + 1;
    } else {
      tokens.push(char.codePointAt(0) as number);
      i++;
    }
  }
  if (tokens.length === 0 && gap !== "none") return { pieces, isOpen: true };
  pieces.push({ gap, tokens });
  return { pieces, isOpen: false };
}

/** Index of the `]` that closes the set opened at `open`; a `]` in first place is a member. */
function endOfSet(chars: readonly string[], open: number): number | undefined {
  const first = chars[open + 1] === "!" ? open + 2 : open + 1;
  const end = chars.indexOf("]", first + 1);
  return end === -1 ? undefined : end;
}

function compileSet(members: readonly string[]): CharacterSet {
  const negated = members[0] === "!";
  const ranges: [number, number][] = [];
  for (let i = negated ? 1 : 0; i < members.length; i++) {
    const low = (members[i] as string).codePointAt(0) as number;
    if (members[i + 1] === "-" && i + 2 < members.length) {
      ranges.push([low, (members[i + 2] as string).codePointAt(0) as number]);
      i += 2;
    } else {
      ranges.push([low, low]);
    }
  }
  return { negated, ranges };
}

/**
 * Whole-string match. Each piece is taken at the leftmost place its gap allows, which leaves the most room for the
 * rest; only the last piece is bound to the end. A step of effort is one look at a character, or at a member of a set.
 */
export function matchesGlob(glob: Glob, text: string, evaluation: Evaluation): boolean {
  if (isAnything(glob)) return true;
  evaluation.spend(text.length / 2);
  return matchesPieces(glob, { codePoints: toCodePoints(text), evaluation });
}

function isAnything({ pieces, isOpen }: Glob): boolean {
  return isOpen && pieces.every(({ tokens }) => tokens.length === 0);
}

interface Target {
  readonly codePoints: Uint32Array;
  readonly evaluation: Evaluation;
}

function toCodePoints(text: string): Uint32Array {
  const codePoints = new Uint32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) as number;
    if (codePoint > 0xffff) i++;
    codePoints[count++] = codePoint;
  }
  return codePoints.subarray(0, count);
}

function matchesPieces(glob: Glob, target: Target): boolean {
  const end = target.codePoints.length;
  let at = 0;
  for (const [index, piece] of glob.pieces.entries()) {
    const isLast = index === glob.pieces.length - 1 && !glob.isOpen;
    const start = isLast ? findAtEnd(piece, target, at) : findLeftmost(piece, target, at);
    if (start === undefined) return false;
    at = start + piece.tokens.length;
  }
  return glob.isOpen || at === end;
}

function findAtEnd(piece: Piece, target: Target, from: number): number | undefined {
  const start = target.codePoints.length - piece.tokens.length;
  return start >= from && isPlace(piece, target, from, start) ? start : undefined;
}

function findLeftmost(piece: Piece, target: Target, from: number): number | undefined {
  const last = piece.gap === "none" ? from : target.codePoints.length - piece.tokens.length;
  for (let start = from; start <= last; start++) {
    if (isPlace(piece, target, from, start)) return start;
  }
  return undefined;
}

function isPlace(piece: Piece, target: Target, from: number, start: number): boolean {
  return gapAllows(piece.gap, target, from, start) && fits(piece, target, start);
}

function gapAllows(gap: Gap, { codePoints }: Target, from: number, start: number): boolean {
  if (gap === "none") return start === from;
  return gap === "any" || start === from || codePoints[start - 1] === 0x2f;
}

function fits({ tokens }: Piece, { codePoints, evaluation }: Target, start: number): boolean {
  if (start + tokens.length > codePoints.length) return false;
  let steps = 0;
  let fitting = true;
  for (let i = 0; fitting && i < tokens.length; i++) {
    const token = tokens[i] as Token;
    steps += typeof token === "number" ? 1 : 1 + token.ranges.length;
    fitting = isMember(token, codePoints[start + i] as number);
  }
  evaluation.spend(steps);
  return fitting;
}

function isMember(token: Token, codePoint: number): boolean {
  if (typeof token === "number") return token === ANY || token === codePoint;
  return token.ranges.some(([low, high]) => low <= codePoint && codePoint <= high) !== token.negated;
}
