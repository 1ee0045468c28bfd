import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { formatValue, sameValue, type Value, valueSize } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { toValue } from "./value-list.ts";

/** One value and no other. */
export interface Exact extends Constraint {
  readonly kind: "Exact";
  readonly value: Value;
}

export function exact(value: Value): Exact {
  const effort = 2 * valueSize(value);
  const equals = (other: Value, evaluation: Evaluation): boolean => {
    evaluation.spend(effort);
    return sameValue(value, other);
  };

  return Object.freeze({
    kind: "Exact",
    type: 1,
    failsOn: () => "nothing",
    value,
    matches: (argument: Value, evaluation: Evaluation) => outcome(equals(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) => isExact(child) && equals(child.value, evaluation),
    describe: () => `Exact(${formatValue(value)})`,
    toCbor: () => new Map([["value", value]]),
  });
}

export function isExact(constraint: Constraint): constraint is Exact {
  return constraint.kind === "Exact";
}

export function parseExact(value: CborValue): Exact {
  return exact(toValue(asStruct(value, "an Exact", ["value"]).value));
}
