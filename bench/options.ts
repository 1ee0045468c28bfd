import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export interface Options {
  readonly rounds: number;
  /** Of each stretch of load. */
  readonly seconds: number;
  /** Names; all where undefined. */
  readonly arms: readonly string[] | undefined;
  /** Requests in flight at full load. */
  readonly connections: number;
  readonly envoyThreads: number;
  /** Where the figures go; nowhere where undefined. */
  readonly json: string | undefined;
  /** Where the picture goes. */
  readonly svg: string | undefined;
  /** Requests of each arm before its first round, so that V8 has compiled what is hot. */
  readonly warmup: number;
  /** Whether the run is long enough for its figures to mean anything. */
  readonly tellsGoals: boolean;
}

export const USAGE = `usage: npm run bench -- [--rounds N] [--seconds N] [--arms a,b] [--connections N]
                    [--envoy-threads N] [--json FILE] [--svg FILE] [--smoke]`;

/** Where a run of all arms leaves its figures, and the picture that the README shows. */
const RESULTS = fileURLToPath(new URL("results/", import.meta.url));

const FULL = { rounds: 5, seconds: 3, warmup: 20_000, tellsGoals: true };
/** Every arm once and briefly: shows that all verdicts are right and all figures are there, and no more. */
const SMOKE = { rounds: 1, seconds: 0.3, warmup: 100, tellsGoals: false };

/** @throws {Error} that says what is wrong with them. */
export function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ rounds: text, seconds: text, arms: text, connections: text, "envoy-threads": text, json: text },
      ...{ svg: text, smoke: { type: "boolean" } },
    },
  });
  const isSmoke = values.smoke === true;
  const base = isSmoke ? SMOKE : FULL;
  const isKept = !isSmoke && values.arms === undefined;
  return {
    rounds: positive("--rounds", values.rounds, base.rounds, true),
    seconds: positive("--seconds", values.seconds, base.seconds, false),
    arms: values.arms?.split(","),
    connections: positive("--connections", values.connections, 32, true),
    envoyThreads: positive("--envoy-threads", values["envoy-threads"], 1, true),
    json: values.json ?? (isKept ? `${RESULTS}${new Date().toISOString().slice(0, 10)}.json` : undefined),
    svg: values.svg ?? (isKept ? `${RESULTS}checks.svg` : undefined),
    warmup: base.warmup,
    tellsGoals: base.tellsGoals,
  };
}

function positive(flag: string, text: string | undefined, unless: number, isWhole: boolean): number {
  if (text === undefined) return unless;
  const number = Number(text);
  if (number > 0 && number < 1e6 && (!isWhole || Number.isInteger(number))) return number;
  throw new Error(`${flag} is a ${isWhole ? "whole " : ""}number above 0, not \`${text}\``);
}
