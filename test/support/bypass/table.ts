// What is tried, and what comes of it, as a table in Markdown: `node test/support/bypass/table.ts`.
import {
  AS_SIGNED,
  type Attempt,
  BARE_SETUPS,
  type BypassClass,
  CLASSES,
  type Outcome,
  SETUPS,
} from "./attempt.ts";
import { ELSEWHERE, NOT_YET } from "./elsewhere.ts";
import { ATTEMPTS } from "./index.ts";

const COLUMNS = [...SETUPS, ...BARE_SETUPS];

function bypassTable(): string {
  const heads = [
    "class",
    "tried",
    ...COLUMNS.map((setup) => (setup.startsWith("bare") ? `service, ${setup}` : setup)),
  ];
  const rows = Object.keys(CLASSES).flatMap((key) => rowsOf(Number(key) as BypassClass));
  return [heads, heads.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function rowsOf(number: BypassClass): string[][] {
  const name = `${number} ${CLASSES[number]}`;
  const tried = ATTEMPTS.filter((attempt) => attempt.class === number);
  const elsewhere = ELSEWHERE.filter((each) => each.class === number);
  const missing = NOT_YET[number];
  return [
    ...tried.map((attempt) => [
      name,
      plain(attempt.tries),
      ...COLUMNS.map((setup) => outcome(attempt, setup)),
    ]),
    ...elsewhere.map(({ file, test }) => [
      name,
      `\`${file}\`: ${plain(test)}`,
      ...COLUMNS.map(() => "holds"),
    ]),
    ...(missing === undefined ? [] : [[name, `not there yet, ${missing}`, ...COLUMNS.map(() => "–")]]),
  ];
}

function outcome({ yields }: Attempt, setup: (typeof COLUMNS)[number]): string {
  const result: Outcome = yields[setup];
  if (typeof result === "object") return `– (${result.not})`;
  if (result === AS_SIGNED) return AS_SIGNED;
  if (typeof result === "string") return `\`${result}\``;
  return result === 0 ? "Envoy resets" : `Envoy ${result}`;
}

function plain(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) process.stdout.write(`${bypassTable()}\n`);
