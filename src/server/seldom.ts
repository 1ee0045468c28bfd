import { SELDOM_MS } from "./limits.ts";

/** Tells of what anybody can make happen over and over: at once of the first time, then once in a while. */
export function seldom<Details extends readonly unknown[]>(
  tell: (timesSoFar: number, ...details: Details) => void,
): (...details: Details) => void {
  let times = 0;
  let nextAt = Number.NEGATIVE_INFINITY;
  return (...details) => {
    times++;
    const now = performance.now();
    if (now < nextAt) return;
    nextAt = now + SELDOM_MS;
    tell(times, ...details);
  };
}
