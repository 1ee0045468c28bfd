import type { ArmFigures, Round } from "../figures.ts";
import { spreadOf } from "../measure/statistics.ts";

/** What was to be reached, and what was. */
export interface Goal {
  readonly about: string;
  readonly unit: "ratio" | "seconds" | "milliseconds" | "MiB";
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined where an arm it needs didn't run. */
  readonly figure: number | undefined;
}

const MIB = 1024 * 1024;

/** The goals, with the medians over the rounds. */
export function goalsOf(arms: readonly ArmFigures[], verifications: readonly number[]): readonly Goal[] {
  const of = (name: string, read: (round: Round) => number): number => {
    const rounds = arms.find((arm) => arm.name === name)?.rounds ?? [];
    return spreadOf(rounds.map(read)).median;
  };
  const cpu = (name: string): number => of(name, ({ full }) => full.cpu);
  const perSecond = (name: string): number => of(name, ({ full }) => full.perSecond);
  const alone = (name: string): number => of(name, ({ alone }) => alone.p50);
  const limit = cpu("no-op") + spreadOf(verifications).median;
  const single = arms.find(({ name }) => name === "single");
  const goals: readonly Goal[] = [
    ratio("CPU, single ÷ (no-op + one verification)", { atMost: 1.2 }, cpu("single") / limit),
    ratio("CPU, single ÷ reference", { atMost: 0.9 }, cpu("single") / cpu("reference-single")),
    ratio("CPU, chain of three ÷ (no-op + one verification)", { atMost: 1.2 }, cpu("chain") / limit),
    ratio("CPU, chain of three ÷ reference", { atMost: 0.55 }, cpu("chain") / cpu("reference-chain")),
    ratio("CPU, repeated call ÷ no-op", { atMost: 1.5 }, cpu("repeated") / cpu("no-op")),
    ratio(
      "throughput, single ÷ reference",
      { atLeast: 1 },
      perSecond("single") / perSecond("reference-single"),
    ),
    ratio(
      "throughput, chain of three ÷ reference",
      { atLeast: 1.25 },
      perSecond("chain") / perSecond("reference-chain"),
    ),
    ratio("CPU, two workers ÷ one", { atMost: 1.1 }, cpu("workers") / cpu("single")),
    ratio("throughput, two workers ÷ one", {}, perSecond("workers") / perSecond("single")),
    ratio("median alone, single ÷ reference", { atMost: 1.1 }, alone("single") / alone("reference-single")),
    ratio(
      "median alone, chain of three ÷ reference",
      { atMost: 1.1 },
      alone("chain") / alone("reference-chain"),
    ),
    ratio(
      "at 70 % load, single: p99 ÷ median",
      { atMost: 5 },
      of("single", ({ fixed }) => fixed.p99 / fixed.p50),
    ),
    {
      about: "at 70 % load, single: p99.9",
      unit: "milliseconds",
      atMost: 50,
      figure: of("single", ({ fixed }) => fixed.p999 / 1000),
    },
    ratio(
      "CPU, 1000 routes, 10 000 revoked, 100 000 warrants seen ÷ single",
      { atMost: 1.1 },
      cpu("crowd") / cpu("single"),
    ),
    {
      about: "start to first verdict",
      unit: "seconds",
      atMost: 0.5,
      figure: (single?.startMs ?? Number.NaN) / 1000,
    },
    { about: "resident memory at rest", unit: "MiB", atMost: 85, figure: (single?.idle ?? Number.NaN) / MIB },
  ];
  return goals.map((goal) => (Number.isNaN(goal.figure) ? { ...goal, figure: undefined } : goal));
}

function ratio(about: string, bound: Pick<Goal, "atMost" | "atLeast">, figure: number): Goal {
  return { about, unit: "ratio", ...bound, figure };
}

/** Undefined where there is no goal, or no figure. */
export function isReached({ figure, atMost, atLeast }: Goal): boolean | undefined {
  if (figure === undefined || (atMost === undefined && atLeast === undefined)) return undefined;
  return figure <= (atMost ?? Number.POSITIVE_INFINITY) && figure >= (atLeast ?? 0);
}
