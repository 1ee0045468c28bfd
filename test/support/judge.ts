import { Evaluation } from "../../src/evaluation.ts";
import { finish } from "../../src/steps.ts";
import type { Value } from "../../src/value.ts";
import { proveChain, type Trust } from "../../src/warrant/chain.ts";
import type { Constraint, Outcome } from "../../src/warrant/constraint/index.ts";
import { isRefused, type WarrantRefusal } from "../../src/warrant/refusal.ts";
import type { Stack } from "../../src/warrant/warrant.ts";

/** One question to one constraint, with the effort and the clock of a request of its own. */
export function matches(constraint: Constraint, argument: Value, now = 1_700_000_000): Outcome {
  return constraint.matches(argument, new Evaluation(now));
}

export function permits(parent: Constraint, child: Constraint): boolean {
  return parent.permits(child, new Evaluation(1_700_000_000));
}

/** Why a chain doesn't hold; undefined when it does. */
export function chainRefusal(stack: Stack, trust: Trust, now: number): WarrantRefusal | undefined {
  const result = finish(proveChain(stack, trust, now));
  return isRefused(result) ? result : undefined;
}
