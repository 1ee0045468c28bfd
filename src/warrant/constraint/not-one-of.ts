import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import { formatValue, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { parseValues, type ValueList, valueList } from "./value-list.ts";

/** Anything but the listed values; an empty list matches everything. */
export interface NotOneOf extends Constraint {
  readonly kind: "NotOneOf";
  readonly list: ValueList;
}

export function notOneOf(excluded: readonly Value[]): NotOneOf {
  const list = valueList(excluded);
  return Object.freeze({
    kind: "NotOneOf",
    type: 7,
    failsOn: () => "nothing",
    list,
    matches: (argument: Value, evaluation: Evaluation) => outcome(!list.has(argument, evaluation)),
    permits: (child: Constraint, evaluation: Evaluation) =>
      isNotOneOf(child) && child.list.includes(list.values, evaluation),
    describe: () => `NotOneOf(${excluded.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["excluded", excluded]]),
  });
}

function isNotOneOf(constraint: Constraint): constraint is NotOneOf {
  return constraint.kind === "NotOneOf";
}

export function parseNotOneOf(value: CborValue): NotOneOf {
  return notOneOf(
    parseValues(asStruct(value, "a NotOneOf", ["excluded"]).excluded, "`excluded` of a NotOneOf"),
  );
}
