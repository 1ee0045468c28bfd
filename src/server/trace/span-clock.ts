/** The most that spans may be off the clock of the machine; below that, two spans in a row keep their distance. */
const MAX_OFF_MS = 2;

/**
 * Milliseconds since 1970, in fractions, of a `performance.now()`. That one isn't moved when somebody sets the clock, and
 * over months it goes its own way; the clock alone tells no fractions.
 */
export function createSpanClock(
  now: () => number = Date.now,
  monotonic = performance,
): (at: number) => number {
  let origin = monotonic.timeOrigin;
  return (at) => {
    const off = now() - (origin + monotonic.now());
    if (Math.abs(off) > MAX_OFF_MS) origin += off;
    return origin + at;
  };
}
