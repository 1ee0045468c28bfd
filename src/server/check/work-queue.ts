import type { Steps } from "../../steps.ts";
import type { Room } from "../room.ts";

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
/** Of those that may wait, the part that may be begun: long work can take no more than that from what is short. */
const BEGUN_PART = 1 / 8;

/** The event loop, and its clock in milliseconds. */
export interface Loop {
  readonly now: () => number;
  /** Calls back after the arrivals of this turn. */
  readonly later: (callback: () => void) => void;
}

const EVENT_LOOP: Loop = { now: () => performance.now(), later: setImmediate };

/** @param maxLength requests that may wait to be begun */
export function createWorkQueue(
  maxLength: number,
  room: Pick<Room, "waitingBytes" | "begun">,
  loop: Loop = EVENT_LOOP,
): WorkQueue {
  const fresh = createLine(maxLength, room.waitingBytes, loop);
  /**
   * What one slice wasn't enough for. The first has one in each turn until it is done, and so holds up nothing that is
   * short, while the others take no more memory than after their own first slices. The newest has one as well: what is not
   * quite short needn't wait for what is very long.
   */
  const begun = createLine(Math.min(Math.ceil(maxLength * BEGUN_PART), room.begun), room.waitingBytes, loop);
  let turnEnd: number | undefined;

  const goOn = (work: Work): void => {
    if (isUnfinished(work, loop) && !begun.push(work)) drop(work);
  };

  const startTurn = (now: number, otherMs: number): void => {
    const end = now + Math.min(Math.max(otherMs, TURN_MS), MAX_TURN_MS);
    turnEnd = end;
    loop.later(() => {
      turnEnd = undefined;
      const later = loop.now();
      // Half of the time is for work that waits, however fast more arrives.
      if (fresh.length() + begun.length() > 0) startTurn(later, later - end);
    });
    const first = begun.shift();
    if (first !== undefined && isUnfinished(first, loop)) begun.putBack(first);
    goOnWithFresh(end);
    const newest = begun.length() > 1 ? begun.pop() : undefined;
    if (newest !== undefined) goOn(newest);
  };

  const goOnWithFresh = (end: number): void => {
    while (loop.now() < end) {
      const work = fresh.shift();
      if (work === undefined) return;
      goOn(work);
    }
  };

  return {
    offer: (work) => {
      const now = loop.now();
      if (fresh.waited(now) > MAX_WAIT_MS || !fresh.push(work)) return false;
      if (turnEnd === undefined) startTurn(now, 0);
      else goOnWithFresh(turnEnd);
      return true;
    },
    length: () => fresh.length() + begun.length(),
  };
}

/** Work that stands in line, first come first served. */
interface Line {
  /** @returns false where there is no room, even without what nobody wants any more */
  readonly push: (work: Work) => boolean;
  readonly shift: () => Work | undefined;
  /** The other end. */
  readonly pop: () => Work | undefined;
  /** The work that was the first is it again. */
  readonly putBack: (work: Work) => void;
  readonly length: () => number;
  /** Milliseconds that the first has stood here. */
  readonly waited: (now: number) => number;
}

function createLine(maxLength: number, maxBytes: number, loop: Loop): Line {
  let waiting: { readonly work: Work; readonly since: number }[] = [];
  let bytes = 0;
  const isFull = (more: number): boolean => waiting.length >= maxLength || bytes + more > maxBytes;
  /** For no longer than a slice, as whoever is told that it is too late takes time. */
  let lookAgainAt = Number.NEGATIVE_INFINITY;
  /** Once in a turn, since those who are refused may come thick and fast. */
  const dropUnwanted = (): void => {
    const now = loop.now();
    if (now < lookAgainAt) return;
    lookAgainAt = now + TURN_MS;
    const end = now + SLICE_MS;
    waiting = waiting.filter(({ work }) => {
      if (loop.now() >= end || work.isWanted()) return true;
      drop(work);
      bytes -= work.bytes;
      return false;
    });
  };
  return {
    push: (work) => {
      if (isFull(work.bytes)) dropUnwanted();
      if (isFull(work.bytes)) return false;
      waiting.push({ work, since: loop.now() });
      bytes += work.bytes;
      return true;
    },
    shift: () => {
      const work = waiting.shift()?.work;
      if (work !== undefined) bytes -= work.bytes;
      return work;
    },
    pop: () => {
      const work = waiting.pop()?.work;
      if (work !== undefined) bytes -= work.bytes;
      return work;
    },
    putBack: (work) => {
      waiting.unshift({ work, since: loop.now() });
      bytes += work.bytes;
    },
    length: () => waiting.length,
    waited: (now) => now - (waiting[0]?.since ?? now),
  };
}

/** Goes on with the work until its slice is over; each step is done whole. */
function isUnfinished(work: Work, loop: Loop): boolean {
  const sliceEnd = loop.now() + SLICE_MS;
  try {
    if (!work.isWanted()) {
      drop(work);
      return false;
    }
    do {
      if (work.steps.next().done === true) return false;
    } while (loop.now() < sliceEnd);
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
