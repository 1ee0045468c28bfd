import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { formatValue, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { parseValues, type ValueList, valueList } from "./value-list.ts";

/** One of the listed values; an empty list matches nothing. */
export interface OneOf extends Constraint {
  readonly kind: "OneOf";
  readonly list: ValueList;
}

export function oneOf(values: readonly Value[]): OneOf {
  const list = valueList(values);
  return Object.freeze({
    kind: "OneOf",
    type: 4,
    failsOn: () => "nothing",
    list,
    matches: (argument: Value, evaluation: Evaluation) => outcome(list.has(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return list.includes([child.value], evaluation);
      return isOneOf(child) && list.includes(child.list.values, evaluation);
    },
    describe: () => `OneOf(${values.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["values", values]]),
  });
}

function isOneOf(constraint: Constraint): constraint is OneOf {
  return constraint.kind === "OneOf";
}

export function parseOneOf(value: CborValue): OneOf {
  return oneOf(parseValues(asStruct(value, "a OneOf", ["values"]).values, "`values` of a OneOf"));
}
