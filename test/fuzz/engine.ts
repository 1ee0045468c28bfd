import { randomFor } from "../differential/random.ts";
import type { Coverage } from "./coverage.ts";
import { longestStretch, type Target } from "./target.ts";

/** An input that breaks what has to be true, or takes too long. */
export interface Finding {
  readonly target: string;
  readonly error: string;
  readonly input: Uint8Array;
}

export interface Progress {
  readonly executions: number;
  readonly corpus: number;
  /** Characters of code that ran since everything was loaded; 0 when that isn't asked. */
  readonly covered: number;
  readonly slowest: { readonly milliseconds: number; readonly input: Uint8Array };
}

export interface Terms {
  readonly seed: number;
  readonly milliseconds: number;
  /** Undefined to mutate the seeds only. */
  readonly coverage: Coverage | undefined;
  /** Told every input before it runs, so that one that never ends is known. */
  readonly before: (input: Uint8Array) => void;
  /** Told about once a second. */
  readonly progress: (progress: Progress) => void;
}

const MAX_MILLISECONDS = 50;
/** How long to go on before asking which code ran, at least, and in times that the last answer took. */
const BATCH_MILLISECONDS = 20;
const BATCH_ANSWERS = 10;
const PROGRESS_MILLISECONDS = 1000;
const SHRINK_MILLISECONDS = 10_000;

/** What is wrong with one input, the time it takes included. */
export function fault(target: Target, input: Uint8Array): string | undefined {
  return examine(target, input).error ?? lateness(target, timeOf(target, input));
}

function lateness({ maxMilliseconds = MAX_MILLISECONDS }: Target, milliseconds: number): string | undefined {
  return milliseconds > maxMilliseconds ? `takes ${milliseconds.toFixed(1)} ms in one go` : undefined;
}

/** One run of an input: how long it took in one go, and what was wrong. */
export function examine(target: Target, input: Uint8Array): { milliseconds: number; error?: string } {
  let judge = (): void => {};
  try {
    const milliseconds = longestStretch(() => {
      judge = target.run(input);
    });
    judge();
    return { milliseconds };
  } catch (error) {
    return { milliseconds: 0, error: error instanceof Error ? `${error.stack}` : String(error) };
  }
}

/**
 * Mutates inputs until one breaks something or the time is up. An input that runs code which none ran before, or that
 * takes longer than any before, is kept and mutated further.
 */
export function fuzz(target: Target, terms: Terms): Finding | undefined {
  const { coverage } = terms;
  const end = performance.now() + terms.milliseconds;
  const corpus: Uint8Array[] = [];
  let executions = 0;
  let told = performance.now();
  let slowest: Progress["slowest"] = { milliseconds: 0, input: new Uint8Array() };

  coverage?.keep(coverage.fresh());
  const loaded = coverage?.size() ?? 0;
  const report = (): void => {
    told = performance.now();
    const covered = (coverage?.size() ?? 0) - loaded;
    terms.progress({ executions, corpus: corpus.length, covered, slowest });
  };
  /** Runs one input. @returns a finding */
  const execute = (input: Uint8Array): Finding | undefined => {
    terms.before(input);
    executions++;
    if (performance.now() - told > PROGRESS_MILLISECONDS) report();
    const { milliseconds, error } = examine(target, input);
    if (error !== undefined) return { target: target.name, error, input };
    if (milliseconds <= slowest.milliseconds || isOnlyLate(target, input, slowest.milliseconds))
      return undefined;
    const least = timeOf(target, input);
    if (least <= slowest.milliseconds) return undefined;
    slowest = { milliseconds: least, input };
    const late = lateness(target, least);
    return late === undefined ? undefined : { target: target.name, error: late, input };
  };
  /**
   * Keeps the inputs that run something new; found by halving, since asking takes longer than running.
   *
   * @returns how long it took to be told, in milliseconds
   */
  const keepFresh = (inputs: readonly Uint8Array[]): number => {
    const asked = performance.now();
    const fresh = coverage?.fresh() ?? [];
    const took = performance.now() - asked;
    if (fresh.length === 0) return took;
    if (inputs.length === 1) corpus.push(...inputs);
    else {
      const middle = inputs.length >> 1;
      for (const half of [inputs.slice(0, middle), inputs.slice(middle)]) {
        for (const input of half) {
          terms.before(input);
          examine(target, input);
        }
        keepFresh(half);
      }
    }
    // Also what ran once and not again, as with a cache.
    coverage?.keep(fresh);
    return took;
  };

  const seeds = target.seeds().filter((seed) => seed.length <= target.maxBytes);
  for (const seed of seeds) {
    const finding = execute(seed);
    if (finding !== undefined) return finding;
  }
  corpus.push(...seeds);
  coverage?.keep(coverage.fresh());

  const pool = (random: Random): readonly Uint8Array[] => {
    // The longer it takes, the rarer, so that the search for what is slow leaves time for all else.
    if (random.chance(0.02 / Math.max(1, slowest.milliseconds))) return [slowest.input];
    // What was kept is mostly refused for one fault, and hides a second one; what is new is worth the most tries.
    return random.pick([seeds, seeds, corpus, corpus.slice(-20)]);
  };
  let answered = 0;
  for (let round = 0; performance.now() < end; round++) {
    const random = randomFor(terms.seed, round);
    const batch: Uint8Array[] = [];
    const batchEnd = performance.now() + Math.max(BATCH_MILLISECONDS, BATCH_ANSWERS * answered);
    do {
      const input = mutated(target, pool(random), random);
      const finding = execute(input);
      if (finding !== undefined) {
        report();
        return shrink(target, finding);
      }
      batch.push(input);
    } while (performance.now() < batchEnd);
    answered = keepFresh(batch);
  }
  report();
  return undefined;
}

type Random = ReturnType<typeof randomFor>;

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
