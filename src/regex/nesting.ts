/** Levels that groups, repetitions, classes and sequences may stand inside one another, as in Rust. */
export const MAX_NESTING = 250;

/** The levels of a sequence: it is one itself, unless it has a single part. */
export function levelsOf(parts: number, deepestPart: number): number {
  return parts < 2 ? deepestPart : deepestPart + 1;
}
