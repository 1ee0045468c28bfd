// Evenly spaced: request i is due i / rate after the start, whatever became of those before.

/** How many requests are due this long (seconds) after the start; the first is at once. */
export function dueBy(elapsed: number, perSecond: number): number {
  return elapsed < 0 ? 0 : Math.floor(elapsed * perSecond) + 1;
}

/** Milliseconds from the start to the time that request i is due. */
export function dueAt(i: number, perSecond: number): number {
  return (i * 1000) / perSecond;
}
