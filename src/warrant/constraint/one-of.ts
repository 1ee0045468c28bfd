import type { CborValue } from "../../cbor/value.ts";
import { formatValue, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { includes, toValues } from "./member.ts";

/** One of the listed values; an empty list matches nothing. */
export interface OneOf extends Constraint {
  readonly kind: "OneOf";
  readonly values: readonly Value[];
}

export function oneOf(values: readonly Value[]): OneOf {
  return Object.freeze({
    kind: "OneOf",
    type: 4,
    values,
    matches: (argument: Value) => outcome(includes(values, argument)),
    permits: (child: Constraint) => {
      if (isExact(child)) return includes(values, child.value);
      return isOneOf(child) && child.values.every((value) => includes(values, value));
    },
    describe: () => `OneOf(${values.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["values", values]]),
  });
}

function isOneOf(constraint: Constraint): constraint is OneOf {
  return constraint.kind === "OneOf";
}

export function parseOneOf(value: CborValue): OneOf {
  return oneOf(toValues(asStruct(value, "a OneOf", ["values"]).values, "`values` of a OneOf"));
}
