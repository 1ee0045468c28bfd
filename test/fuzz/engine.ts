import { type Random, randomFor } from "../differential/random.ts";
import { longestStretch, type Outcome, outcome, type Target } from "./target.ts";

/** An input that breaks what has to be true, or takes too long. */
export interface Finding {
  readonly target: string;
  readonly error: string;
  readonly input: Uint8Array;
}

export interface Progress {
  readonly executions: number;
  /** Inputs kept for an outcome that none had before. */
  readonly kept: number;
  readonly slowest: { readonly milliseconds: number; readonly input: Uint8Array };
}

export interface Terms {
  readonly seed: number;
  readonly milliseconds: number;
  /** Told every input before it runs, so that one that never ends is known. */
  readonly before: (input: Uint8Array) => void;
  /** Told about once a second. */
  readonly progress: (progress: Progress) => void;
}

const MAX_MILLISECONDS = 50;
/** Outcomes that quote their input would be new without end. */
const MAX_KEPT = 5000;
const PROGRESS_MILLISECONDS = 1000;
const SHRINK_MILLISECONDS = 10_000;

/** What is wrong with one input, the time it takes included. */
export function fault(target: Target, input: Uint8Array): string | undefined {
  return examine(target, input).error ?? lateness(target, timeOf(target, input));
}

function lateness({ maxMilliseconds = MAX_MILLISECONDS }: Target, milliseconds: number): string | undefined {
  return milliseconds > maxMilliseconds ? `takes ${milliseconds.toFixed(1)} ms in one go` : undefined;
}

interface Examined {
  /** The longest that it took in one go. */
  readonly milliseconds: number;
  /** What came of it, without what it quotes. */
  readonly outcome: string;
  readonly error?: string;
}

/** One run of an input. */
export function examine(target: Target, input: Uint8Array): Examined {
  let result: Outcome = outcome("");
  try {
    const milliseconds = longestStretch(() => {
      result = target.run(input);
    });
    result.judge();
    return { milliseconds, outcome: result.text.slice(0, 500).replaceAll(/`[^`]*`|[0-9a-f]{8,}|\d+/g, "#") };
  } catch (error) {
    return { milliseconds: 0, outcome: "", error: error instanceof Error ? `${error.stack}` : String(error) };
  }
}

/**
 * Mutates inputs until one breaks something or the time is up. One with another outcome than all before, or that takes
 * longer, is kept and mutated further.
 */
export function fuzz(target: Target, terms: Terms): Finding | undefined {
  const end = performance.now() + terms.milliseconds;
  const seeds = target.seeds().filter((seed) => seed.length <= target.maxBytes);
  const kept: Uint8Array[] = [];
  const outcomes = new Set<string>();
  let executions = 0;
  let told = performance.now();
  let slowest: Progress["slowest"] = { milliseconds: 0, input: new Uint8Array() };

  const report = (): void => {
    told = performance.now();
    terms.progress({ executions, kept: kept.length, slowest });
  };
  /** Runs one input. @returns a finding */
  const execute = (input: Uint8Array): Finding | undefined => {
    terms.before(input);
    executions++;
    if (performance.now() - told > PROGRESS_MILLISECONDS) report();
    const examined = examine(target, input);
    if (examined.error !== undefined) return { target: target.name, error: examined.error, input };
    if (outcomes.size < MAX_KEPT && !outcomes.has(examined.outcome)) {
      outcomes.add(examined.outcome);
      kept.push(input);
    }
    if (examined.milliseconds <= slowest.milliseconds || isOnlyLate(target, input, slowest.milliseconds))
      return undefined;
    const milliseconds = timeOf(target, input);
    if (milliseconds <= slowest.milliseconds) return undefined;
    slowest = { milliseconds, input };
    const late = lateness(target, milliseconds);
    return late === undefined ? undefined : { target: target.name, error: late, input };
  };

  for (const seed of seeds) {
    const finding = execute(seed);
    if (finding !== undefined) return finding;
  }
  const pool = (random: Random): readonly Uint8Array[] => {
    // The longer it takes, the rarer, so that the search for what is slow leaves time for all else.
    if (random.chance(0.02 / Math.max(1, slowest.milliseconds))) return [slowest.input];
    // What was kept is mostly refused for one fault, which hides a second one.
    return random.pick([seeds, seeds, kept, kept.slice(-20)]);
  };
  for (let round = 0; performance.now() < end; round++) {
    const random = randomFor(terms.seed, round);
    const finding = execute(mutated(target, pool(random), random));
    if (finding === undefined) continue;
    report();
    return shrink(target, finding);
  }
  report();
  return undefined;
}

/** Rather a short one. */
function mutated(target: Target, pool: readonly Uint8Array[], random: Random): Uint8Array {
  const [first, second, other] = [random.pick(pool), random.pick(pool), random.pick(pool)];
  let input = second.length < first.length && random.chance(0.8) ? second : first;
  do input = target.mutate(input, random, other).subarray(0, target.maxBytes);
  while (random.chance(0.5));
  return Uint8Array.from(input);
}

/** Whether an input took long once only: it pays for other processes, for compiling, and for the garbage of others. */
function isOnlyLate(target: Target, input: Uint8Array, milliseconds: number): boolean {
  for (let i = 0; i < 3; i++) if (longestStretch(() => void target.run(input)) <= milliseconds) return true;
  return false;
}

/** Long enough for the clock of processor time, whose ticks are coarse. */
const TIMED_MILLISECONDS = 50;

/** How long an input takes in one go, in milliseconds, other processes left out as far as can be told. */
function timeOf(target: Target, input: Uint8Array): number {
  const start = process.threadCpuUsage();
  const begun = performance.now();
  let [times, least, sum] = [0, Infinity, 0];
  for (; times < 5 || performance.now() - begun < TIMED_MILLISECONDS; times++) {
    const milliseconds = longestStretch(() => void target.run(input));
    least = Math.min(least, milliseconds);
    sum += milliseconds;
  }
  const { user, system } = process.threadCpuUsage(start);
  const share = (user + system) / 1000 / (performance.now() - begun);
  return Math.min(least, (sum / times) * share);
}

/** Cuts pieces out of an input as long as the same thing goes wrong. */
function shrink(target: Target, finding: Finding): Finding {
  const [sameError] = finding.error.split("\n");
  if (examine(target, finding.input).error === undefined) return finding;
  const end = performance.now() + SHRINK_MILLISECONDS;
  let { input, error } = finding;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < input.length && performance.now() < end; ) {
      const shorter = Buffer.concat([input.subarray(0, at), input.subarray(at + size)]);
      const found = examine(target, shorter).error;
      if (found?.split("\n")[0] === sameError) [input, error] = [shorter, found as string];
      else at += size;
    }
  }
  return { ...finding, input, error };
}
