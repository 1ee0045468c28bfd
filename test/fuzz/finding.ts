import { readFileSync } from "node:fs";
import type { Finding } from "./engine.ts";

/** The form in which a finding is kept, and under test/vectors/fuzz/ replayed by every test run. */
interface Kept {
  readonly target: string;
  /** What was wrong, in one line: where in the code is seen when it is replayed. */
  readonly error: string;
  /** Hex. */
  readonly input: string;
}

export function writeFinding({ target, error, input }: Finding): string {
  const [summary = ""] = error.split("\n", 1);
  const kept: Kept = { target, error: summary, input: Buffer.from(input).toString("hex") };
  return `${JSON.stringify(kept, undefined, 1)}\n`;
}

export function readFinding(file: string | URL): Finding {
  const { target, error, input } = JSON.parse(readFileSync(file, "utf8")) as Kept;
  return { target, error, input: Buffer.from(input, "hex") };
}
