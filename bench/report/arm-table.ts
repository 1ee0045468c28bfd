import type { ArmFigures, Round, Stretch } from "../figures.ts";
import { spreadOf } from "../measure/statistics.ts";
import { table } from "./table.ts";

type Column = readonly [title: string, read: (round: Round) => number, digits?: number];

const COLUMNS: readonly Column[] = [
  ["CPU a check, µs", ({ full }) => full.cpu],
  ["the same at 70 %", ({ fixed }) => fixed.cpu],
  ["checks a second", ({ full }) => full.perSecond],
  ["median alone, µs", ({ alone }) => alone.p50],
  ["at 70 %: median, ms", ({ fixed }) => fixed.p50 / 1000, 2],
  ["p99", ({ fixed }) => fixed.p99 / 1000, 2],
  ["p99.9", ({ fixed }) => fixed.p999 / 1000, 2],
  ["direct: CPU, µs", ({ direct }) => direct?.full.cpu ?? Number.NaN],
  ["median alone, µs", ({ direct }) => direct?.alone.p50 ?? Number.NaN],
  ["shed, %", ({ full, fixed }) => shareShed([full, fixed]), 1],
  ["after load, MiB", ({ resident }) => resident / 1024 / 1024],
];

function shareShed(stretches: readonly Stretch[]): number {
  const sum = (read: (stretch: Stretch) => number): number =>
    stretches.reduce((all, each) => all + read(each), 0);
  const shed = sum((stretch) => stretch.shed);
  return (100 * shed) / (shed + sum((stretch) => stretch.requests));
}

/** Medians over the rounds, with the least and the most. */
export function armTable(arms: readonly ArmFigures[]): string {
  const rows = arms.map(({ name, rounds }) => [
    `\`${name}\``,
    ...COLUMNS.map(([, read, digits = 0]) => spreadText(rounds.map(read), digits)),
  ]);
  return table(["arm", ...COLUMNS.map(([title]) => title)], rows, COLUMNS.length);
}

function spreadText(values: readonly number[], digits: number): string {
  const { median, min, max } = spreadOf(values);
  if (Number.isNaN(median)) return "–";
  const text = (value: number): string => value.toFixed(digits);
  return values.length === 1 ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}
