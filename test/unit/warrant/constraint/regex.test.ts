import assert from "node:assert/strict";
import { test } from "node:test";
import type { Value } from "../../../../src/value.ts";
import {
  any,
  exact,
  not,
  oneOf,
  parseConstraint,
  pattern,
  regex,
  wildcard,
} from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { rewritten } from "./values.ts";

const OTHERS: readonly Value[] = [1n, 1.5, NaN, true, null, [], ["a"], new Map<string, Value>([["a", 1n]])];

test("it is searched for anywhere in a text", () => {
  for (const constraint of [regex("^prod-[a-z]+$"), rewritten(regex("^prod-[a-z]+$"))]) {
    assert.equal(matches(constraint, "prod-web"), "match");
    assert.equal(matches(constraint, "prod-web\n"), "no_match");
    assert.equal(matches(constraint, "xprod-web"), "no_match");
  }
  assert.equal(matches(regex("prod"), "xprodx"), "match");
  assert.equal(matches(regex(""), ""), "match");
});

test("nothing but text is matched", () => {
  for (const other of OTHERS) assert.equal(matches(regex(".*"), other), "no_match");
});

test("an invalid one decodes, and can't be evaluated whatever the argument is", () => {
  for (const expression of ["(", "(?=a)a", "(a)\\1", "\\w{500}{50}"]) {
    const invalid = rewritten(regex(expression));
    for (const argument of ["a", ...OTHERS]) {
      assert.equal(matches(invalid, argument), "error");
      assert.equal(matches(not(invalid), argument), "error");
    }
    assert.equal(matches(any([invalid, exact("a")]), "a"), "error");
  }
});

test("a child may repeat it to the letter, or name one text it is found in", () => {
  assert.equal(permits(regex("^a$"), regex("^a$")), true);
  assert.equal(permits(regex("("), regex("(")), true);
  assert.equal(permits(regex("a"), exact("ab")), true);
  for (const child of [
    regex("^a"),
    regex("^(a)$"),
    exact("b"),
    exact(1n),
    oneOf(["a"]),
    pattern("a"),
    wildcard,
  ]) {
    assert.equal(permits(regex("^a$"), child), false, child.describe());
  }
  assert.equal(permits(regex("("), exact("(")), false);
  assert.equal(permits(regex(".*"), pattern("a")), false);
});

test("an alternative may be dropped only if it can always be evaluated", () => {
  assert.equal(permits(any([regex("a"), exact("b")]), any([exact("b")])), true);
  assert.equal(permits(any([regex("("), exact("b")]), any([exact("b")])), false);
});

test("anything but text under `pattern` is malformed", () => {
  for (const value of [
    null,
    "a",
    1n,
    [],
    new Map(),
    new Map([["pattern", null]]),
    new Map([["regex", "a"]]),
  ]) {
    assert.throws(() => parseConstraint([5n, value]), Malformed);
  }
  const extra = new Map([
    ["pattern", "a"],
    ["flags", "i"],
  ]);
  assert.throws(() => parseConstraint([5n, extra]), Malformed);
});
