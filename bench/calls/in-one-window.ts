import { setTimeout as sleep } from "node:timers/promises";
import { PROOF_WINDOWS } from "../../src/warrant/proof.ts";

/** Seconds of slack, for what is done between the signing and the load. */
const SLACK = 0.5;

/**
 * Seconds, since the epoch, at which load may begin so that it ends in the window of time it began in. A proof of the window
 * before is as good, but takes the verifier one more verification; an agent that signs when it calls seldom sends such.
 *
 * @param ready when everything is prepared
 * @param seconds how long the load takes
 */
export function startInOneWindow(ready: number, seconds: number): number {
  const { windowSeconds } = PROOF_WINDOWS;
  const end = (Math.floor(ready / windowSeconds) + 1) * windowSeconds;
  return ready + seconds + SLACK <= end || seconds + SLACK > windowSeconds ? ready : end;
}

/** What one call took to make in the last preparation, in seconds. */
let secondsEach = 0.0002;

/** Prepares so many calls for load that takes so long, and waits until it may begin. */
export async function prepareInOneWindow<T>(
  count: number,
  seconds: number,
  make: (time: number) => T,
): Promise<T[]> {
  const begun = Date.now() / 1000;
  const start = startInOneWindow(begun + count * secondsEach, seconds);
  const made = Array.from({ length: count }, () => make(start));
  const ready = Date.now() / 1000;
  secondsEach = (ready - begun) / count;
  await sleep(Math.max(0, start - ready) * 1000);
  return made;
}
