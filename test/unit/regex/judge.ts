import { Evaluation } from "../../../src/evaluation.ts";
import { regex } from "../../../src/regex/regex.ts";
import type { Verdict } from "./rust.ts";

/** What is said here, with as much effort as it takes. */
export function verdict(expression: string, text: string): Verdict {
  const found = regex(expression).isFoundIn(text, new Evaluation(0, Number.POSITIVE_INFINITY));
  if (found === undefined) return "error";
  return found ? "match" : "no_match";
}
