import type { Program } from "./program.ts";
import { waitFor } from "./wait.ts";

// Programs that variables name (CONTRIBUTING.md): they run in the foreground, and print READY.

const STARTS_SECONDS = 60;

/** @throws {Error} where it isn't set. */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the variable ${name} isn't set`);
  return value;
}

/** @throws {Error} with its output, after it was stopped, where it ends or doesn't get ready in time. */
export async function untilReady(what: string, program: Program, stop: () => Promise<void>): Promise<void> {
  const isReady = (): boolean | undefined =>
    program.ended() ? false : program.output().includes("READY ") || undefined;
  try {
    if (!(await waitFor(what, isReady, STARTS_SECONDS))) throw new Error(`${what} ended`);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${program.output()}`, { cause: error });
  }
}
