import type { CborValue } from "../../cbor/value.ts";
import { evaluateCel, isConjunctionWith, type Program, parseCel } from "../../cel/cel.ts";
import { type Evaluation, kept } from "../../evaluation.ts";
import { isObject, type Value } from "../../value.ts";
import { asStruct, asText } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";

/** An expression that has to be true. One that can't be read decodes, and then can't be evaluated. */
export interface Cel extends Constraint {
  readonly kind: "Cel";
  readonly expression: string;
  /** The expression, read on first use; undefined when it can't be. */
  program(evaluation: Evaluation): Program | undefined;
}

/** @param parentExpression carried along, and never used */
export function cel(expression: string, parentExpression?: string | null): Cel {
  const program = kept((evaluation) => parseCel(expression, evaluation));

  return Object.freeze({
    kind: "Cel",
    type: 15,
    failsOn: () => "anything",
    expression,
    program,
    matches: (argument: Value, evaluation: Evaluation): Outcome => {
      const read = program(evaluation);
      const result = read && evaluateCel(read, variablesOf(argument), evaluation);
      return result === undefined ? "error" : outcome(result);
    },
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (!isCel(child)) return false;
      evaluation.spend(1 + expression.length / 8);
      if (child.expression === expression) return true;
      const parent = program(evaluation);
      const narrower = child.program(evaluation);
      return (
        parent !== undefined && narrower !== undefined && isConjunctionWith(parent, narrower, evaluation)
      );
    },
    describe: () => `Cel(${expression})`,
    toCbor: () =>
      new Map<string, CborValue>([
        ["expression", expression],
        ...(parentExpression === undefined ? [] : [["parent_expression", parentExpression] as const]),
      ]),
  });
}

function isCel(constraint: Constraint): constraint is Cel {
  return constraint.kind === "Cel";
}

/** An object stands there as its members alone, so that a member can be called `value`. */
function variablesOf(argument: Value): ReadonlyMap<string, Value> {
  return isObject(argument) ? argument : new Map([["value", argument]]);
}

export function parseCelConstraint(value: CborValue): Cel {
  const members = asStruct(value, "a Cel", ["expression"], ["parent_expression"]);
  const parent = members.parent_expression;
  return cel(
    asText(members.expression, "`expression` of a Cel"),
    parent === undefined || parent === null ? parent : asText(parent, "`parent_expression` of a Cel"),
  );
}
