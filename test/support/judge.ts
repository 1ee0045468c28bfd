import { Evaluation } from "../../src/evaluation.ts";
import type { Value } from "../../src/value.ts";
import type { Constraint, Outcome } from "../../src/warrant/constraint/index.ts";

/** One question to one constraint, with the effort and the clock of a request of its own. */
export function matches(constraint: Constraint, argument: Value, now = 1_700_000_000): Outcome {
  return constraint.matches(argument, new Evaluation(now));
}

export function permits(parent: Constraint, child: Constraint): boolean {
  return parent.permits(child, new Evaluation(1_700_000_000));
}
