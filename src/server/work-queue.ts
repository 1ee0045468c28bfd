import type { Steps } from "../steps.ts";

/** A request under way. */
export interface Work {
  /** Memory it holds while it waits. */
  readonly bytes: number;
  readonly steps: Steps<void>;
  /** False when nobody waits for the result any more; asked before each part of the work. */
  readonly isWanted: () => boolean;
  /** Ends work that isn't finished: unwanted, or broken by the error it threw. May not throw. */
  readonly abandon: (error?: unknown) => void;
}

/** Work in the order it came, done in parts, so that the event loop never stops for long. */
export interface WorkQueue {
  /** @returns false, with nothing done, when too much waits already */
  readonly offer: (work: Work) => boolean;
  /** Requests taken and not finished. */
  readonly length: () => number;
}

/** As many as Envoy sends one cluster at a time unless told otherwise. */
export const DEFAULT_MAX_INFLIGHT = 1024;

/** What one request may take before the next has its turn. */
const SLICE_MS = 1;
/** What all of them may take before the event loop looks for arrivals again. */
const TURN_MS = 4;
/** Requests that wait with their bodies shall not fill the memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export function createWorkQueue(maxLength: number): WorkQueue {
  const waiting: Work[] = [];
  let bytes = 0;
  let turnStarted: number | undefined;

  const takeTurn = (): void => {
    if (turnStarted === undefined) {
      turnStarted = performance.now();
      setImmediate(() => {
        turnStarted = undefined;
        if (waiting.length > 0) takeTurn();
      });
    }
    for (let now = performance.now(); now - turnStarted < TURN_MS; now = performance.now()) {
      const work = waiting.shift();
      if (work === undefined) return;
      if (isUnfinished(work, now + SLICE_MS)) waiting.push(work);
      else bytes -= work.bytes;
    }
  };

  return {
    offer: (work) => {
      if (waiting.length >= maxLength || bytes + work.bytes > MAX_WAITING_BYTES) return false;
      waiting.push(work);
      bytes += work.bytes;
      takeTurn();
      return true;
    },
    length: () => waiting.length,
  };
}

/** Goes on with the work until its slice is over; each step is done whole. */
function isUnfinished(work: Work, sliceEnd: number): boolean {
  try {
    if (!work.isWanted()) {
      work.steps.return();
      work.abandon();
      return false;
    }
    do {
      if (work.steps.next().done === true) return false;
    } while (performance.now() < sliceEnd);
    return true;
  } catch (error) {
    work.abandon(error);
    return false;
  }
}
