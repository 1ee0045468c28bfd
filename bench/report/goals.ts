import type { ArmFigures, Round } from "../figures.ts";
import { type Spread, spreadOf } from "../measure/statistics.ts";

/** What was to be reached, and what was. */
export interface Goal {
  readonly about: string;
  readonly unit: "ratio" | "seconds" | "milliseconds" | "MiB";
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined where an arm it needs didn't run. */
  readonly figure: number | undefined;
  /** Of the rounds; undefined where it is no figure of rounds. */
  readonly rounds?: Spread | undefined;
}

const MIB = 1024 * 1024;

/** What one round gave. */
interface Played {
  /** NaN where the arm didn't run. */
  readonly of: (name: string, read: (round: Round) => number) => number;
  /** Microseconds. */
  readonly verification: number;
}

type Reading = (played: Played) => number;

/**
 * The goals, with what was reached. A ratio is made within each round, as a shared machine is faster in some than in others,
 * and the figure is the median of those.
 *
 * @param verifications microseconds, before each arm of each round
 */
export function goalsOf(arms: readonly ArmFigures[], verifications: readonly number[]): readonly Goal[] {
  const played = Array.from(
    { length: Math.max(0, ...arms.map(({ rounds }) => rounds.length)) },
    (_, round): Played => {
      const at = arms.length * round;
      return {
        of: (name, read) => {
          const figures = arms.find((arm) => arm.name === name)?.rounds[round];
          return figures === undefined ? Number.NaN : read(figures);
        },
        verification: spreadOf(verifications.slice(at, at + arms.length)).median,
      };
    },
  );
  const goal = (
    about: string,
    bound: Pick<Goal, "atMost" | "atLeast">,
    reading: Reading,
    unit: Goal["unit"] = "ratio",
  ): Goal => {
    const rounds = spreadOf(played.map(reading));
    const isMeasured = !Number.isNaN(rounds.median);
    return {
      about,
      unit,
      ...bound,
      figure: isMeasured ? rounds.median : undefined,
      rounds: isMeasured ? rounds : undefined,
    };
  };
  const once = (about: string, unit: Goal["unit"], atMost: number, figure: number | undefined): Goal => ({
    ...{ about, unit, atMost, figure },
  });
  const single = arms.find(({ name }) => name === "single");
  return [
    goal("CPU, single ÷ (no-op + one verification)", { atMost: 1.2 }, over(cpu("single"), limit)),
    goal("CPU, single ÷ reference", { atMost: 0.9 }, over(cpu("single"), cpu("reference-single"))),
    goal("CPU, chain of three ÷ (no-op + one verification)", { atMost: 1.2 }, over(cpu("chain"), limit)),
    goal("CPU, chain of three ÷ reference", { atMost: 0.55 }, over(cpu("chain"), cpu("reference-chain"))),
    goal("CPU, repeated call ÷ no-op", { atMost: 1.5 }, over(cpu("repeated"), cpu("no-op"))),
    goal(
      "throughput, single ÷ reference",
      { atLeast: 1 },
      over(perSecond("single"), perSecond("reference-single")),
    ),
    goal(
      "throughput, chain of three ÷ reference",
      { atLeast: 1.25 },
      over(perSecond("chain"), perSecond("reference-chain")),
    ),
    goal("CPU, two workers ÷ one", { atMost: 1.1 }, over(cpu("workers"), cpu("single"))),
    goal("throughput, two workers ÷ one", {}, over(perSecond("workers"), perSecond("single"))),
    goal(
      "median alone, single ÷ reference",
      { atMost: 1.1 },
      over(alone("single"), alone("reference-single")),
    ),
    goal(
      "median alone, chain of three ÷ reference",
      { atMost: 1.1 },
      over(alone("chain"), alone("reference-chain")),
    ),
    goal("at 70 % load, single: p99 ÷ median", { atMost: 5 }, ({ of }) =>
      of("single", ({ fixed }) => fixed.p99 / fixed.p50),
    ),
    goal(
      "at 70 % load, single: p99.9",
      { atMost: 50 },
      ({ of }) => of("single", ({ fixed }) => fixed.p999 / 1000),
      "milliseconds",
    ),
    goal(
      "CPU, 1000 routes, 10 000 revoked, 100 000 warrants seen ÷ single",
      { atMost: 1.1 },
      over(cpu("crowd"), cpu("single")),
    ),
    once("start to first verdict", "seconds", 0.5, single && single.startMs / 1000),
    once("resident memory at rest", "MiB", 85, single && single.idle / MIB),
  ];
}

const cpu =
  (name: string): Reading =>
  ({ of }) =>
    of(name, ({ full }) => full.cpu);

const perSecond =
  (name: string): Reading =>
  ({ of }) =>
    of(name, ({ full }) => full.perSecond);

const alone =
  (name: string): Reading =>
  ({ of }) =>
    of(name, ({ alone }) => alone.p50);

/** What a proof that is new takes at least. */
const limit: Reading = (played) => cpu("no-op")(played) + played.verification;

const over =
  (part: Reading, whole: Reading): Reading =>
  (played) =>
    part(played) / whole(played);

/** Undefined where there is no goal, or no figure. */
export function isReached({ figure, atMost, atLeast }: Goal): boolean | undefined {
  if (figure === undefined || (atMost === undefined && atLeast === undefined)) return undefined;
  return figure <= (atMost ?? Number.POSITIVE_INFINITY) && figure >= (atLeast ?? 0);
}
