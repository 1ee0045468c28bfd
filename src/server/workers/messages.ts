import type { AnswerTerms } from "../answerer.ts";
import type { Census, CutOff } from "../checks.ts";
import type { LogLevel } from "../log/log-level.ts";
import type { Figures } from "../metrics/metric-registry.ts";
import type { Parcel } from "../state/parcel.ts";
import type { Overrides } from "../state/snapshot.ts";
import type { FailedReload } from "../state/state.ts";
import type { TraceSettings } from "../trace/trace-settings.ts";

/** What every worker is told once. Plain data, as all that goes between the processes. */
export interface WorkerSettings {
  readonly version: string;
  readonly terms: AnswerTerms;
  readonly logLevel: LogLevel;
  /** Undefined: no spans. */
  readonly tracing: TraceSettings | undefined;
  readonly overrides: Overrides;
}

/** What a worker judges by, or what of it has changed. */
export interface WorkerState {
  readonly parcel: Parcel;
  readonly failed: FailedReload | undefined;
}

/** What the primary may ask of a worker, and what comes back. */
export interface Questions {
  /** Comes back once it can answer checks. @param upMs how long the service runs, in milliseconds */
  readonly start: {
    about: { readonly settings: WorkerSettings; readonly state: WorkerState; readonly upMs: number };
    answer: null;
  };
  /** Comes back once it is in force. */
  readonly take: { about: WorkerState; answer: null };
  readonly leave: { about: null; answer: null };
  readonly figures: { about: null; answer: Figures };
  readonly census: { about: null; answer: Census };
  /** Ends all its connections; then it ends itself. */
  readonly finish: { about: null; answer: CutOff };
}

export type Name = keyof Questions;

/** To a worker; a connection comes with its socket. */
export type Order =
  | {
      [What in Name]: { readonly ask: What; readonly id: number; readonly about: Questions[What]["about"] };
    }[Name]
  | { readonly ask: "connection"; readonly id: number };

/** From a worker. What is `taken` is its own from then on, until it is `closed`. */
export type Report =
  | { readonly tell: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly tell: "taken" | "closed"; readonly id: number };
