import { type Arguments, valueSize } from "../value.ts";
import { isExact } from "./constraint/exact.ts";
import type { Constraint } from "./constraint/index.ts";
import type { ConstraintSet } from "./constraint-set.ts";
import type { Stack, Warrant } from "./warrant.ts";

/**
 * A holder chooses the constraints it delegates and the arguments it sends, so their product must be bounded, or one
 * request could hold up all others for seconds. Each bound is worth some 60 ms at worst, and far from ordinary use.
 */
export const MAX_EVALUATION_EFFORT = 200_000;
export const MAX_COMPARISON_EFFORT = 100_000;

/** What evaluating composites on their arguments takes; a constraint that stands alone is bounded by itself. */
export function evaluationEffort(set: ConstraintSet, args: Arguments): number {
  let effort = 0;
  for (const [name, { size }] of set.constraints) {
    const argument = args.get(name);
    if (size > 1 && argument !== undefined) effort += size * valueSize(argument);
  }
  return effort;
}

/** What comparing each child with its parent takes: every part of one against every part of the other. */
export function comparisonEffort(stack: Stack): number {
  const sizes = stack.map(comparedSize);
  return sizes.slice(1).reduce((effort, size, i) => effort + size * (sizes[i] as number), 0);
}

function comparedSize({ tools, constraintBounds }: Warrant): number {
  const sets = [...tools.values(), ...(constraintBounds === undefined ? [] : [constraintBounds])];
  return sets
    .flatMap(({ constraints }) => [...constraints.values()])
    .reduce((size, constraint) => size + comparedParts(constraint), 0);
}

/** Constraints of one part are compared one to one, which their bytes bound. */
function comparedParts(constraint: Constraint): number {
  if (isExact(constraint)) return valueSize(constraint.value);
  return constraint.size > 1 ? constraint.size : 0;
}
