import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Evaluation } from "../../../../src/evaluation.ts";
import { sameValue, type Value } from "../../../../src/value.ts";
import { contains, exact, parseConstraint, subset } from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { member, rewritten } from "./values.ts";

test("every required value has to be in the list", () => {
  assert.equal(matches(contains(["a", 1n]), [1n, "b", "a"]), "match");
  assert.equal(matches(contains(["a", 1n]), ["a", 1]), "no_match");
  assert.equal(matches(contains(["a", "a"]), ["a"]), "match");
  assert.equal(matches(contains([[1n]]), [[1n]]), "match");
  assert.equal(matches(contains([[1n]]), [1n]), "no_match");
});

test("with nothing required any list will do, but nothing else", () => {
  assert.equal(matches(contains([]), []), "match");
  for (const other of ["", null, new Map<string, Value>()])
    assert.equal(matches(contains([]), other), "no_match");
});

test("text isn't a list of characters", () => assert.equal(matches(contains(["a"]), "a"), "no_match"));

test("a NaN is required in vain", () => assert.equal(matches(contains([NaN]), [NaN]), "no_match"));

test("a child may require more, not less", () => {
  assert.equal(permits(contains(["a"]), contains(["b", "a"])), true);
  assert.equal(permits(contains(["a", "b"]), contains(["a"])), false);
  assert.equal(permits(contains([]), contains(["a"])), true);
  assert.equal(permits(contains([NaN]), contains([NaN])), false);
  assert.equal(permits(contains(["a"]), exact(["a"])), false);
  assert.equal(permits(contains(["a"]), subset(["a"])), false);
});

test("lists of values agree with comparing each with each", () => {
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 3 }),
      fc.array(member, { maxLength: 4 }),
      (required, argument) => {
        const wanted = required.every((each) => argument.some((other) => sameValue(each, other)));
        assert.equal(matches(contains(required), argument), wanted ? "match" : "no_match");
        assert.equal(matches(rewritten(contains(required)), argument), wanted ? "match" : "no_match");
        assert.equal(permits(contains(required), contains(argument)), wanted);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("anything but a list of values under `required` is malformed", () => {
  for (const value of [null, [], new Map(), new Map([["required", null]])]) {
    assert.throws(() => parseConstraint([10n, value]), Malformed);
  }
  const extra = new Map<string, []>([
    ["required", []],
    ["allowed", []],
  ]);
  assert.throws(() => parseConstraint([10n, extra]), Malformed);
});

test("the longest lists are within the effort of a request", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => BigInt(i));
  assert.equal(contains(many).matches(many, new Evaluation(0)), "match");
  assert.equal(contains(many).permits(contains(many), new Evaluation(0)), true);
});
