import type { ArmFigures } from "../figures.ts";
import type { Goal } from "./goals.ts";
import type { Machine } from "./machine.ts";

/** All of one run, as it is written to a file. */
export interface Results {
  /** Day, in UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly connections: number;
    readonly envoyThreads: number;
  };
  /** Microseconds of one Ed25519 verification, before each arm of each round. */
  readonly verifications: readonly number[];
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly goals: readonly Goal[];
  readonly arms: readonly ArmFigures[];
}

/** Rounded to what can be told apart, so that a file is read and compared by people too. */
export function resultsText(results: Results): string {
  const rounded = (_: string, value: unknown): unknown =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  return `${JSON.stringify(results, rounded, 2)}\n`;
}
