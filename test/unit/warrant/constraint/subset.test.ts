import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Evaluation } from "../../../../src/evaluation.ts";
import { sameValue, type Value } from "../../../../src/value.ts";
import { contains, exact, oneOf, parseConstraint, subset } from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { member, rewritten } from "./values.ts";

test("every member of the list has to be allowed", () => {
  assert.equal(matches(subset(["a", 1n]), [1n, "a", 1n]), "match");
  assert.equal(matches(subset(["a", 1n]), ["a", 1]), "no_match");
  assert.equal(matches(subset([["a"]]), [["a"]]), "match");
  assert.equal(matches(subset([["a"]]), ["a"]), "no_match");
});

test("the empty list has nothing that isn't allowed", () => {
  assert.equal(matches(subset([]), []), "match");
  assert.equal(matches(subset([]), ["a"]), "no_match");
});

test("only a list can match", () => {
  for (const other of ["a", "", null, new Map<string, Value>()]) {
    assert.equal(matches(subset(["a"]), other), "no_match");
  }
});

test("a NaN can't be allowed", () => assert.equal(matches(subset([NaN]), [NaN]), "no_match"));

test("a child may allow less, not more", () => {
  assert.equal(permits(subset(["a", "b"]), subset(["b"])), true);
  assert.equal(permits(subset(["a"]), subset(["a", "b"])), false);
  assert.equal(permits(subset(["a"]), subset([])), true);
  assert.equal(permits(subset(["a"]), exact(["a"])), false);
  assert.equal(permits(subset(["a"]), oneOf([["a"]])), false);
  assert.equal(permits(subset(["a"]), contains(["a"])), false);
});

test("lists of values agree with comparing each with each", () => {
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 4 }),
      fc.array(member, { maxLength: 3 }),
      (allowed, argument) => {
        const wanted = argument.every((each) => allowed.some((other) => sameValue(each, other)));
        assert.equal(matches(subset(allowed), argument), wanted ? "match" : "no_match");
        assert.equal(matches(rewritten(subset(allowed)), argument), wanted ? "match" : "no_match");
        assert.equal(permits(subset(allowed), subset(argument)), wanted);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("anything but a list of values under `allowed` is malformed", () => {
  for (const value of [null, [], new Map(), new Map([["allowed", "a"]])]) {
    assert.throws(() => parseConstraint([11n, value]), Malformed);
  }
});

test("the longest lists are within the effort of a request", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => BigInt(i));
  assert.equal(subset(many).matches(many, new Evaluation(0)), "match");
  assert.equal(subset(many).permits(subset(many), new Evaluation(0)), true);
});
