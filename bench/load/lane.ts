import type { Answer } from "./answer.ts";

/** Carries one request at a time; those that were made ready as bytes before. */
export interface Lane {
  /** @param done called once, with an error where the connection ended without an answer */
  readonly send: (request: Buffer, done: Done) => void;
}

export type Done = (answer: Answer | Error) => void;

/** Some lanes to one place. */
export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly close: () => void;
}
