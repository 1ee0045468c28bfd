import assert from "node:assert/strict";
import { test } from "node:test";
import { Evaluation } from "../../../src/evaluation.ts";
import type { Value } from "../../../src/value.ts";
import {
  type Constraint,
  cidr,
  not,
  parseConstraint,
  pattern,
  range,
} from "../../../src/warrant/constraint/index.ts";
import { checkArguments, constraintSet } from "../../../src/warrant/constraint-set.ts";

const unknown = parseConstraint([200n, null]);

/** Reason and detail of the refusal. */
function refusalOf(constraints: Readonly<Record<string, Constraint>>, args: Readonly<Record<string, Value>>) {
  const refusal = checkArguments(
    constraintSet(constraints),
    new Map(Object.entries(args)),
    new Evaluation(0),
  );
  return refusal && [refusal.refused, refusal.detail];
}

test("a refusal says which argument, what it is, and what the warrant asks of it", () => {
  const violation = "constraint_violation";
  const cases: readonly (readonly [Constraint, Value, string, string])[] = [
    [pattern("/data/*"), "/etc/passwd", violation, "x=/etc/passwd not in Pattern(/data/*)"],
    [range({ max: 5 }), 6n, violation, "x=6 not in Range(-inf, 5]"],
    [range({ max: 5 }), 6, violation, "x=6.0 not in Range(-inf, 5]"],
    [range({ max: 5 }), "5", violation, 'x="5" not in Range(-inf, 5]'],
    [not(cidr("10.0.0.0/8")), "junk", violation, "x=junk can't be evaluated against Not(Cidr(10.0.0.0/8))"],
    [unknown, "a", "unknown_constraint", "x=a can't be evaluated against Unknown(200)"],
  ];
  for (const [constraint, value, reason, detail] of cases) {
    assert.deepEqual(refusalOf({ x: constraint }, { x: value }), [reason, detail]);
  }
});

test("a missing argument is told, and one that the warrant doesn't name", () => {
  const set = { x: pattern("a*") };
  assert.deepEqual(refusalOf(set, {}), ["constraint_violation", "`x` is missing"]);
  assert.deepEqual(refusalOf(set, { x: "a", y: "b" }), [
    "constraint_violation",
    "`y` is not an argument the warrant names",
  ]);
});
