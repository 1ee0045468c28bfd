import { setTimeout as sleep } from "node:timers/promises";

/** For one part of time that the making takes, so many pass without it. */
const REST = 9;
/** The longest rest, in milliseconds. */
const MAX_REST_MS = 1_000;

/**
 * What is made anew for whoever asks, but once for all who wait, and with rests between: however many ask, the making takes
 * no more than a tenth of the thread. Nobody gets what was begun before it was asked for.
 */
export function seldomMade<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<Made> | undefined;
  let restUntil = 0;
  const makeNext = async (): Promise<Made> => {
    await last;
    await sleep(Math.max(0, restUntil - performance.now()));
    next = undefined;
    const begun = performance.now();
    try {
      return await make();
    } finally {
      const now = performance.now();
      restUntil = now + Math.min(MAX_REST_MS, REST * (now - begun));
    }
  };
  return () => {
    if (next !== undefined) return next;
    next = makeNext();
    last = next.catch(() => {});
    return next;
  };
}
