/** A set of Unicode code points that is asked, not listed. */
export interface CodePoints {
  /** What one question takes, in steps of an {@link Evaluation}. */
  readonly effort: number;
  /** How much of a program it is: in Rust one is written out in bytes. A code point alone is 1. */
  readonly size: number;
  has(codePoint: number): boolean;
}

/** First and last code point. */
export type Range = readonly [first: number, last: number];

/** What else a code point stands for where case is ignored. */
export type Folding = (codePoint: number) => readonly number[];

/** The code points in some of the ranges, or with a counterpart there. */
export function ranges(list: readonly Range[], folding: Folding): CodePoints {
  const isIn = (codePoint: number): boolean => {
    for (const [first, last] of list) if (first <= codePoint && codePoint <= last) return true;
    return false;
  };
  return folded({ effort: 1 + list.length, size: Math.max(1, list.length), has: isIn }, folding);
}

export function folded(set: CodePoints, folding: Folding): CodePoints {
  if (folding === exactly) return set;
  return {
    effort: 2 + 3 * set.effort,
    size: set.size,
    has: (codePoint) => set.has(codePoint) || folding(codePoint).some(set.has),
  };
}

/** Where case counts. */
export function exactly(): readonly number[] {
  return NONE;
}

/** ASCII letters alone have a counterpart. */
export function ignoringAsciiCase(codePoint: number): readonly number[] {
  const lower = codePoint | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? [codePoint ^ 0x20] : NONE;
}

const NONE: readonly number[] = Object.freeze([]);

export function not(set: CodePoints): CodePoints {
  return { ...set, has: (codePoint) => !set.has(codePoint) };
}

export function union(sets: readonly CodePoints[]): CodePoints {
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return only;
  return { ...sumOf(sets), has: (codePoint) => sets.some((set) => set.has(codePoint)) };
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return { ...sumOf([a, b]), has: (codePoint) => a.has(codePoint) && b.has(codePoint) };
}

export function difference(a: CodePoints, b: CodePoints): CodePoints {
  return intersection(a, not(b));
}

export function symmetricDifference(a: CodePoints, b: CodePoints): CodePoints {
  return { ...sumOf([a, b]), has: (codePoint) => a.has(codePoint) !== b.has(codePoint) };
}

function sumOf(sets: readonly CodePoints[]): Pick<CodePoints, "effort" | "size"> {
  const total = (of: "effort" | "size"): number => sets.reduce((sum, set) => sum + set[of], 0);
  return { effort: 1 + total("effort"), size: total("size") };
}
