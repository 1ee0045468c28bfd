import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TooCostly } from "../../../src/evaluation.ts";
import { sameValue, type Value } from "../../../src/value.ts";
import {
  all,
  any,
  type Constraint,
  cel,
  exact,
  not,
  notOneOf,
  type Outcome,
  oneOf,
  parseConstraint,
  pattern,
  range,
  wildcard,
} from "../../../src/warrant/constraint/index.ts";
import { matches, permits } from "../../support/judge.ts";

const unknown = parseConstraint([99n, null]);

/** Constraint, argument, outcome. */
const OUTCOMES: readonly (readonly [Constraint, Value, Outcome])[] = [
  [wildcard, null, "match"],
  [exact(1n), 1n, "match"],
  [exact(1n), 1, "no_match"],
  [exact(1n), true, "no_match"],
  [exact("1"), 1n, "no_match"],
  [exact(0), -0, "match"],
  [exact(NaN), NaN, "no_match"],
  [exact(2n ** 53n + 1n), 2n ** 53n, "no_match"],
  [exact([1n, "a"]), [1n, "a"], "match"],
  [exact([1n, "a"]), ["a", 1n], "no_match"],
  [exact(new Map([["a", 1n]])), new Map([["a", 1n]]), "match"],
  [exact(new Map([["a", 1n]])), new Map([["a", 1]]), "no_match"],
  [oneOf([]), "a", "no_match"],
  [oneOf(["a", null]), null, "match"],
  [notOneOf([]), "a", "match"],
  [notOneOf(["a"]), "a", "no_match"],
  [notOneOf(["a"]), null, "match"],
  [range({ min: 0, max: 5 }), 5n, "match"],
  [range({ min: 0, max: 5, maxInclusive: false }), 5n, "no_match"],
  [range({ min: 0 }), -1n, "no_match"],
  [range({}), Infinity, "match"],
  [range({}), NaN, "no_match"],
  [range({ min: 0 }), "5", "no_match"],
  [range({ max: 2 ** 53 }), 2n ** 53n + 1n, "match"],
  [pattern("/data/*"), "/data/../etc", "match"],
  [pattern("a"), 5n, "no_match"],
  [pattern("["), 5n, "error"],
  [pattern("a**"), "a", "error"],
  [all([]), "a", "error"],
  [all([pattern("a*"), pattern("*b")]), "ab", "match"],
  [any([]), "a", "no_match"],
  [any([unknown, exact("a")]), "a", "unknown"],
  [any([exact("a"), unknown]), "a", "match"],
  [not(exact("a")), "b", "match"],
  [not(exact("a")), "a", "no_match"],
  [not(all([])), "a", "error"],
  [not(any([])), "a", "match"],
  [not(unknown), "a", "unknown"],
  [not(pattern("[")), "a", "error"],
];

test("every kind matches what it should, and an error is never a match", () => {
  for (const [constraint, argument, wanted] of OUTCOMES) {
    assert.equal(matches(constraint, argument), wanted, `${constraint.describe()} on ${String(argument)}`);
  }
});

test("globs follow the dialect of the wire format", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["", [""], ["a"]],
    ["*", ["", "a", "/a\n.b"], []],
    ["a*c", ["ac", "abc", "abcbc"], ["ab", "bc"]],
    ["a?c", ["abc", "a/c", "a😀c"], ["ac", "abbc"]],
    ["*.json", ["a.json", ".json"], ["a.jsonx"]],
    ["**", ["", "a", "a/b"], []],
    ["a/**", ["a/", "a/b", "a/b/c"], ["a", "ab"]],
    ["**/a", ["a", "b/a", "b/c/a"], ["ba", "a/b"]],
    ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb", "axb"]],
    ["a/**/", ["a/", "a/b/", "a/b"], ["a", "ab"]],
    ["/**/", ["/", "/x"], ["", "x"]],
    ["**/a/**/**/", ["a/", "b/a/c"], ["a", "b/a"]],
    ["[abc]", ["a", "c"], ["d", "", "ab"]],
    ["[a-c]x", ["bx"], ["dx"]],
    ["[c-a]", [], ["a", "b", "c"]],
    ["[!a]", ["b", "😀"], ["a", ""]],
    ["[^a]", ["^", "a"], ["b"]],
    ["[]a]", ["]", "a"], ["b"]],
    ["[!]a]", ["b"], ["]", "a"]],
    ["[-a]", ["-", "a"], ["b"]],
    ["[a-]", ["-", "a"], ["b"]],
    ["[*]", ["*"], ["a"]],
    ["a]", ["a]"], ["a"]],
    ["{a,b}\\", ["{a,b}\\"], ["a"]],
    ["*?*?", ["ab", "😀a"], ["a", "😀"]],
    ["*a*b*", ["ab", "xaxbx"], ["ba"]],
  ];
  for (const [text, matching, other] of cases) {
    for (const each of matching) assert.equal(matches(pattern(text), each), "match", `${text} on ${each}`);
    for (const each of other) assert.equal(matches(pattern(text), each), "no_match", `${text} on ${each}`);
  }
});

test("a hostile glob is given up, instead of taking its time", () => {
  const text = "a".repeat(65_000);
  const hostile = [`*${"a".repeat(30_000)}b*`, `*${"?".repeat(30_000)}b*`, `*[${"a-b".repeat(20_000)}]c*`];
  for (const each of hostile) {
    assert.throws(() => matches(pattern(each), text), TooCostly, each.slice(0, 9));
    assert.throws(() => matches(not(pattern(each)), text), TooCostly);
  }
  assert.equal(matches(pattern(`${"*a".repeat(15_000)}*b`), text), "no_match");
});

test("patterns that differ in their last character are not compared by the thousand", () => {
  const same = "a".repeat(220);
  const shapes = [(end: string) => `${same}${end}*`, (end: string) => `*${same}${end}`];
  for (const shape of shapes) {
    const [asked, other] = [pattern(shape("b")), pattern(shape("c"))];
    const parent = all(Array.from({ length: 280 }, () => asked));
    const child = all([...Array.from({ length: 280 }, () => other), asked]);
    assert.throws(() => permits(parent, child), TooCostly);
  }
});

test("a list of floats counts for more than one of integers", () => {
  const kept = oneOf([1n]);
  const integers = Array.from({ length: 12_000 }, () => 1n);
  assert.equal(matches(kept, integers), "no_match");
  assert.throws(() => matches(kept, integers.map(Number)), TooCostly);
});

test("a suffix isn't narrowed by a set that happens to end in it", () => {
  assert.equal(permits(pattern("*]"), pattern("*[ab]")), false);
  assert.equal(permits(pattern("*b]"), pattern("*[ab]")), false);
  assert.equal(permits(pattern("*]"), pattern("*x]")), true);
  assert.equal(permits(pattern("[*"), pattern("[*]x")), false);
});

test("an empty All grants nothing to a child", () => {
  assert.equal(permits(all([]), exact("a")), false);
  assert.equal(permits(all([]), all([])), false);
});

test("a child can't leave out the branch that would have stopped its parent", () => {
  assert.equal(permits(any([unknown, exact("a")]), any([exact("a")])), false);
  assert.equal(permits(any([all([]), exact("a")]), any([exact("a")])), false);
  assert.equal(permits(any([exact("a"), unknown]), any([exact("a")])), true);
  assert.equal(permits(not(pattern("[")), not(pattern("*"))), false);
});

test("what may fail is handed on as it is, and what stands behind it can be narrowed", () => {
  const parent = any([cel("size(value) < 4"), pattern("a*")]);
  assert.equal(permits(parent, parent), true);
  assert.equal(permits(parent, any([cel("size(value) < 4"), pattern("ab*")])), true);
  assert.equal(permits(parent, any([cel("size(value) < 5"), pattern("ab*")])), false);
  assert.equal(permits(parent, any([pattern("ab*"), cel("size(value) < 4")])), false);
  assert.equal(permits(not(cel("value")), not(cel("value"))), true);
  assert.equal(permits(not(cel("value")), not(cel("!value"))), false);
});

test("an Any of as many members as a warrant has room for is compared in time", () => {
  const many = any(Array.from({ length: 20_000 }, () => wildcard));
  const runs = Array.from({ length: 5 }, () => {
    const start = performance.now();
    assert.equal(permits(any([wildcard]), many), true);
    return performance.now() - start;
  });
  assert.ok(Math.min(...runs) < 200);
});

test("only a wildcard permits an unknown kind, which permits nothing", () => {
  assert.equal(permits(wildcard, unknown), true);
  assert.equal(permits(unknown, unknown), false);
  assert.equal(permits(exact("a"), wildcard), false);
});

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom<Value>("a", "b", "ab", "a/b", "", "]", "x]", null, true),
  fc.constantFrom<Value>(0n, 1n, 5n, 6n, -1n, 0, 1, 5, 5.5),
  fc.constantFrom<Value>([], ["a"], [1n], new Map([["a", 1n]])),
);

test("a list holds exactly the values that are the same as one of its members", () => {
  const any = fc.oneof(value, fc.constantFrom<Value>(NaN, -0, [NaN], "i1;", "s1:a", [[], "a"], [["a"]]));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 5 }), any, (values, asked) => {
      const wanted = values.some((each) => sameValue(each, asked));
      assert.equal(matches(oneOf(values), asked), wanted ? "match" : "no_match");
    }),
    { numRuns: 5_000 },
  );
});
