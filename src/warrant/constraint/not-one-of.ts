import type { CborValue } from "../../cbor/value.ts";
import { formatValue, type Value } from "../../value.ts";
import { asStruct } from "../malformed.ts";
import { type Constraint, outcome } from "./constraint.ts";
import { includes, toValues } from "./member.ts";

/** Anything but the listed values; an empty list matches everything. */
export interface NotOneOf extends Constraint {
  readonly kind: "NotOneOf";
  readonly excluded: readonly Value[];
}

export function notOneOf(excluded: readonly Value[]): NotOneOf {
  return Object.freeze({
    kind: "NotOneOf",
    type: 7,
    excluded,
    matches: (argument: Value) => outcome(!includes(excluded, argument)),
    permits: (child: Constraint) =>
      isNotOneOf(child) && excluded.every((value) => includes(child.excluded, value)),
    describe: () => `NotOneOf(${excluded.map(formatValue).join(", ")})`,
    toCbor: () => new Map([["excluded", excluded]]),
  });
}

function isNotOneOf(constraint: Constraint): constraint is NotOneOf {
  return constraint.kind === "NotOneOf";
}

export function parseNotOneOf(value: CborValue): NotOneOf {
  return notOneOf(toValues(asStruct(value, "a NotOneOf", ["excluded"]).excluded, "`excluded` of a NotOneOf"));
}
