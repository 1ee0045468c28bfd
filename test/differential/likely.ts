import { Evaluation, TooCostly } from "../../src/evaluation.ts";
import type { Value } from "../../src/value.ts";
import { type Constraint, parseConstraint } from "../../src/warrant/constraint/index.ts";
import { Malformed } from "../../src/warrant/malformed.ts";
import type { Random } from "./random.ts";
import type { ConstraintSpec } from "./spec.ts";
import { constraintToCbor } from "./to-cbor.ts";

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

/** Likewise, of some children the first that we take for narrower. */
export function likelyNarrower(
  random: Random,
  parent: ConstraintSpec,
  candidate: () => ConstraintSpec,
): ConstraintSpec {
  const first = candidate();
  if (random.chance(0.5)) return first;
  for (let tries = 0, child = first; tries < 4; tries++, child = candidate()) {
    if (permits(parent, child)) return child;
  }
  return parent;
}

function permits(parent: ConstraintSpec, child: ConstraintSpec): boolean {
  return judged(() => read(parent).permits(read(child), new Evaluation(0)));
}

function isMatch(constraint: ConstraintSpec, value: Value): boolean {
  return judged(() => read(constraint).matches(value, new Evaluation(0)) === "match");
}

function read(constraint: ConstraintSpec): Constraint {
  return parseConstraint(constraintToCbor(constraint));
}

function judged(judge: () => boolean): boolean {
  try {
    return judge();
  } catch (error) {
    if (error instanceof Malformed || error instanceof TooCostly) return false;
    throw error;
  }
}
