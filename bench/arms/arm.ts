import type { Calls } from "../calls/calls.ts";
import type { Answer } from "../load/answer.ts";

/** One thing that is measured: a program, and what it is asked. */
export interface Arm {
  readonly name: string;
  /** For the table: what runs, and what it is asked. */
  readonly about: string;
  /** How Envoy asks it; undefined where nothing is asked. */
  readonly protocol: "grpc" | "http" | undefined;
  /** What every call has to get. */
  readonly expected: Answer;
  readonly calls: Calls;
  /** Whether a wrong proof is turned away with an answer other than {@link expected}. */
  readonly refuses: boolean;
  /** Requests before the first round, of as many as other arms get; the same unless said. */
  readonly warmup?: (usual: number) => number;
  /** Starts the program at a port of loopback. */
  readonly start: Start;
}

export type Start = (port: number, folder: string) => Promise<Started>;

export interface Started {
  /** Undefined where no program runs. */
  readonly pid: number | undefined;
  /** Waits until the log told of so many calls, each with the expected outcome. @throws {Error} where it doesn't. */
  readonly audit?: (calls: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** An arm that this machine can't run. */
export interface Missing {
  readonly name: string;
  readonly why: string;
}
