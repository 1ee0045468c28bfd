import { Evaluation, TooCostly } from "../../src/evaluation.ts";
import type { Value } from "../../src/value.ts";
import { parseConstraint } from "../../src/warrant/constraint/index.ts";
import { Malformed } from "../../src/warrant/malformed.ts";
import { constraintToCbor } from "./mint.ts";
import type { Random } from "./random.ts";
import type { ConstraintSpec } from "./spec.ts";

/**
 * Half of the time the first of some candidates that we take for a match, so that enough calls are allowed; otherwise
 * the first one, lest our own errors choose what we are asked.
 */
export function likelyMatch(random: Random, constraint: ConstraintSpec, candidate: () => Value): Value {
  const first = candidate();
  if (random.chance(0.5)) return first;
  for (let tries = 0, value = first; tries < 6; tries++, value = candidate()) {
    if (isMatch(constraint, value)) return value;
  }
  return first;
}

function isMatch(constraint: ConstraintSpec, value: Value): boolean {
  try {
    return parseConstraint(constraintToCbor(constraint)).matches(value, new Evaluation(0)) === "match";
  } catch (error) {
    if (error instanceof Malformed || error instanceof TooCostly) return false;
    throw error;
  }
}
