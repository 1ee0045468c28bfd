import { spreadOf } from "../measure/statistics.ts";
import { type Goal, isReached } from "./goals.ts";
import type { Results } from "./results.ts";
import { table } from "./table.ts";

const UNITS = { ratio: "", seconds: " s", milliseconds: " ms", MiB: " MiB" } as const;
const DIGITS = { ratio: 2, seconds: 2, milliseconds: 1, MiB: 0 } as const;

/** The goals, and the unit that two of them count with. */
export function goalTable({ goals, verifications }: Pick<Results, "goals" | "verifications">): string {
  const rows = goals.map((goal) => [goal.about, goalText(goal), figureText(goal), verdictText(goal)]);
  const unit = spreadOf(verifications).median.toFixed(0);
  return `One Ed25519 verification: ${unit} µs\n\n${table(["", "goal", "figure", ""], rows, 3)}`;
}

function goalText({ atMost, atLeast, unit }: Goal): string {
  if (atMost !== undefined) return `≤ ${atMost}${UNITS[unit]}`;
  return atLeast === undefined ? "" : `≥ ${atLeast}${UNITS[unit]}`;
}

function figureText({ figure, rounds, unit }: Goal): string {
  if (figure === undefined) return "not measured";
  const [text, least, most] = [figure, rounds?.min, rounds?.max].map((value) => value?.toFixed(DIGITS[unit]));
  return rounds === undefined ? `${text}${UNITS[unit]}` : `${text}${UNITS[unit]} (${least}–${most})`;
}

function verdictText(goal: Goal): string {
  const reached = isReached(goal);
  return reached === undefined ? "" : reached ? "pass" : "**miss**";
}
