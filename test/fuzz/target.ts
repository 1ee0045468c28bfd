import type { Steps } from "../../src/steps.ts";
import type { Random } from "../differential/random.ts";

/** One entrance for strangers' bytes, and what must be true of whatever comes in there. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with: what is read, and what is nearly read. */
  readonly seeds: () => readonly Uint8Array[];
  /** @param other another input, to take parts from */
  readonly mutate: (input: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;
  /** Does what the service does with the bytes; that alone is timed. */
  readonly run: (input: Uint8Array) => Outcome;
  /** Longest input, in bytes. */
  readonly maxBytes: number;
  /** Time that no input may take in one go; 50 unless said. */
  readonly maxMilliseconds?: number;
}

/** What came of an input. */
export interface Outcome {
  /** What was said of it: an input that leads to another text than all before is worth keeping. */
  readonly text: string;
  /** Holds it against what has to be true. @throws when it isn't */
  readonly judge: () => void;
}

export function outcome(text: string, judge: () => void = () => {}): Outcome {
  return { text, judge };
}

let longest = 0;
/** What of the time doesn't count as one go with the rest. */
let apart = 0;

/** Runs work to its end, and notes the longest time between two places where it would give way. */
export function settle<Result>(work: Steps<Result>): Result {
  const start = performance.now();
  for (let before = start; ; ) {
    const step = work.next();
    const now = performance.now();
    longest = Math.max(longest, now - before);
    before = now;
    if (step.done !== true) continue;
    apart += now - start;
    return step.value;
  }
}

/** Makes what an attacker would send; that takes none of the service's time. */
export function forged<Made>(make: () => Made): Made {
  const start = performance.now();
  const made = make();
  apart += performance.now() - start;
  return made;
}

/** @returns the longest stretch of `work` that nothing else could come in between, in milliseconds */
export function longestStretch(work: () => void): number {
  longest = 0;
  apart = 0;
  const start = performance.now();
  work();
  return Math.max(longest, performance.now() - start - apart);
}
