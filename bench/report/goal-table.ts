import { type Goal, isReached } from "./goals.ts";
import { table } from "./table.ts";

const UNITS = { ratio: "", milliseconds: " ms", MiB: " MiB" } as const;
const DIGITS = { ratio: 2, milliseconds: 1, MiB: 0 } as const;

export function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map((goal) => [goal.about, goalText(goal), figureText(goal), verdictText(goal)]);
  return table(["", "goal", "figure", ""], rows, 3);
}

function goalText({ atMost, atLeast, unit }: Goal): string {
  if (atMost !== undefined) return `≤ ${atMost}${UNITS[unit]}`;
  return atLeast === undefined ? "" : `≥ ${atLeast}${UNITS[unit]}`;
}

function figureText({ figure, unit }: Goal): string {
  return figure === undefined ? "not measured" : `${figure.toFixed(DIGITS[unit])}${UNITS[unit]}`;
}

function verdictText(goal: Goal): string {
  const reached = isReached(goal);
  return reached === undefined ? "" : reached ? "pass" : "**miss**";
}
