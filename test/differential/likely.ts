import { Evaluation } from "../../src/evaluation.ts";
import type { Value } from "../../src/value.ts";
import { parseConstraint } from "../../src/warrant/constraint/index.ts";
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
  const { matches } = parseConstraint(constraintToCbor(constraint));
  for (let tries = 0, value = first; tries < 6; tries++, value = candidate()) {
    if (matches(value, new Evaluation(0)) === "match") return value;
  }
  return first;
}
