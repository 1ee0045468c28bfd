import type { Value } from "../../src/value.ts";
import { cel, type Outcome } from "../../src/warrant/constraint/index.ts";
import { matches } from "./judge.ts";

/** 2026-01-01T00:00:00Z */
export const NOW = 1_767_225_600;

/** What a Cel constraint with this expression says about the argument. */
export function judge(expression: string, argument: Value = "x"): Outcome {
  return matches(cel(expression), argument, NOW);
}

/** Three lists of expressions, by what they come to. */
export interface Expected {
  readonly match?: readonly string[];
  readonly noMatch?: readonly string[];
  readonly error?: readonly string[];
}

/** Each expression that comes to something else than expected, with what it comes to. */
export function surprises({ match = [], noMatch = [], error = [] }: Expected): readonly string[] {
  const unlike = (expressions: readonly string[], expected: Outcome): readonly string[] =>
    expressions
      .map((expression) => [expression, judge(expression)] as const)
      .filter(([, outcome]) => outcome !== expected)
      .map(([expression, outcome]) => `${expression}: ${outcome}, not ${expected}`);
  return [...unlike(match, "match"), ...unlike(noMatch, "no_match"), ...unlike(error, "error")];
}
