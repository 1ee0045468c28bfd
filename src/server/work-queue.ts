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

/**
 * Work in the order it came, done in parts, so that the event loop never stops for long, and what is short isn't held up by
 * what is long.
 */
export interface WorkQueue {
  /** @returns false, with nothing done, when too much waits already */
  readonly offer: (work: Work) => boolean;
  /** Requests taken and not finished. */
  readonly length: () => number;
}

/** As many as Envoy sends one cluster at a time unless told otherwise. */
export const DEFAULT_MAX_INFLIGHT = 1024;

/** What one request may take in one go. */
const SLICE_MS = 1;
/** What all of them may take before the event loop looks for arrivals again. */
const TURN_MS = 4;
/** The same where arrivals took long. */
const MAX_TURN_MS = 20;
/** Half of what Envoy waits unless told otherwise: to wait any longer is of no use to anyone. */
const MAX_WAIT_MS = 100;
/** Requests that wait with their bodies shall not fill the memory. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export function createWorkQueue(maxLength: number): WorkQueue {
  let fresh: { readonly work: Work; readonly since: number }[] = [];
  /** What one slice wasn't enough for: it has one in each turn, and holds up nothing that is short. */
  let begun: Work[] = [];
  let bytes = 0;
  let turnEnd: number | undefined;

  const goOn = (work: Work): void => {
    if (isUnfinished(work, performance.now() + SLICE_MS)) begun.push(work);
    else bytes -= work.bytes;
  };

  const startTurn = (now: number, otherMs: number): void => {
    const end = now + Math.min(Math.max(otherMs, TURN_MS), MAX_TURN_MS);
    turnEnd = end;
    setImmediate(() => {
      turnEnd = undefined;
      const later = performance.now();
      // Half of the time is for work that waits, however fast more arrives.
      if (fresh.length + begun.length > 0) startTurn(later, later - end);
    });
    const work = begun.shift();
    if (work !== undefined) goOn(work);
    goOnWithFresh(end);
  };

  const goOnWithFresh = (end: number): void => {
    while (performance.now() < end) {
      const next = fresh.shift();
      if (next === undefined) return;
      goOn(next.work);
    }
  };

  const isFull = (work: Work): boolean =>
    fresh.length + begun.length >= maxLength || bytes + work.bytes > MAX_WAITING_BYTES;

  /** Drops the work if nobody wants it any more. */
  const isKept = (work: Work): boolean => {
    if (work.isWanted()) return true;
    drop(work);
    bytes -= work.bytes;
    return false;
  };
  const makeRoom = (): void => {
    begun = begun.filter(isKept);
    fresh = fresh.filter(({ work }) => isKept(work));
  };

  return {
    offer: (work) => {
      const now = performance.now();
      const [oldest] = fresh;
      if (oldest !== undefined && now - oldest.since > MAX_WAIT_MS) return false;
      if (isFull(work)) makeRoom();
      if (isFull(work)) return false;
      fresh.push({ work, since: now });
      bytes += work.bytes;
      if (turnEnd === undefined) startTurn(now, 0);
      else goOnWithFresh(turnEnd);
      return true;
    },
    length: () => fresh.length + begun.length,
  };
}

/** Goes on with the work until its slice is over; each step is done whole. */
function isUnfinished(work: Work, sliceEnd: number): boolean {
  try {
    if (!work.isWanted()) {
      drop(work);
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

function drop(work: Work): void {
  work.steps.return();
  work.abandon();
}
