import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { formatValue, isList, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { parseValues, type ValueList, valueList } from "./value-list.ts";

/** A list of allowed values only; the empty list always. */
export interface Subset extends Constraint {
  readonly kind: "Subset";
  readonly list: ValueList;
}

export function subset(allowed: readonly Value[]): Subset {
  const list = valueList(allowed);
  return Object.freeze({
    kind: "Subset",
    type: 11,
    failsOn: () => "nothing",
    list,
    matches: (argument: Value, evaluation: Evaluation) =>
      outcome(isList(argument) && list.includes(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) =>
      isSubset(child) && list.includes(child.list.values, evaluation),
    describe: () => `Subset(${allowed.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["allowed", allowed]]),
  });
}

export function isSubset(constraint: Constraint): constraint is Subset {
  return constraint.kind === "Subset";
}

export function parseSubset(value: CborValue): Subset {
  return subset(parseValues(asStruct(value, "a Subset", ["allowed"]).allowed, "`allowed` of a Subset"));
}
