import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { formatValue, isList, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { parseValues, type ValueList, valueList } from "./value-list.ts";

/** A list that has every required value, and maybe others; with nothing required, any list. */
export interface Contains extends Constraint {
  readonly kind: "Contains";
  readonly list: ValueList;
}

export function contains(required: readonly Value[]): Contains {
  const list = valueList(required);
  return Object.freeze({
    kind: "Contains",
    type: 10,
    failsOn: () => "nothing",
    list,
    matches: (argument: Value, evaluation: Evaluation) =>
      outcome(isList(argument) && valueList(argument).includes(list.values, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) =>
      isContains(child) && child.list.includes(list.values, evaluation),
    describe: () => `Contains(${required.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["required", required]]),
  });
}

function isContains(constraint: Constraint): constraint is Contains {
  return constraint.kind === "Contains";
}

export function parseContains(value: CborValue): Contains {
  return contains(
    parseValues(asStruct(value, "a Contains", ["required"]).required, "`required` of a Contains"),
  );
}
