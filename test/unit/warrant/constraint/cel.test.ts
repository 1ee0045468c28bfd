import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cel, not, parseConstraint, writeConstraint } from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { judge } from "../../../support/cel.ts";
import { anyExpression, anyValue } from "../../../support/cel-arbitrary.ts";
import { matches, permits } from "../../../support/judge.ts";

const struct = (members: Readonly<Record<string, string | null | bigint>>) =>
  [15n, new Map(Object.entries(members))] as const;

test("the wire form keeps the parent's expression, which is never used", () => {
  for (const members of [
    { expression: "true" },
    { expression: "true", parent_expression: null },
    { expression: "true", parent_expression: "false" },
  ]) {
    const wire = struct(members);
    assert.deepEqual(writeConstraint(parseConstraint(wire)), wire);
    assert.equal(matches(parseConstraint(wire), 1n), "match");
  }
});

test("other shapes are malformed, an expression that can't be read is an error", () => {
  const shapes = [
    { expression: 1n },
    {},
    { expr: "true" },
    { expression: "true", parent_expression: 1n },
    { expression: "true", x: null },
  ];
  for (const members of shapes) {
    assert.throws(() => parseConstraint(struct(members as Record<string, string>)), Malformed);
  }
  const unreadable = parseConstraint(struct({ expression: "value >" }));
  assert.equal(matches(unreadable, 1n), "error");
  assert.equal(matches(not(unreadable), 1n), "error");
});

test("an object may name what the functions are called, and keeps its members after a judgement", () => {
  const argument = new Map([["size", "a"]]);
  assert.equal(judge("size(size) == 1 && [1].all(size, size == 1)", argument), "match");
  assert.equal(judge("[1].all(size, nope)", argument), "error");
  assert.deepEqual(argument, new Map([["size", "a"]]));
});

const PERMITTED: readonly (readonly [parent: string, child: string])[] = [
  ["value == 'x'", "value == 'x'"],
  ["value == 'x'", "value=='x'"],
  ["value == 'x'", "(value == 'x') && (value != 'y')"],
  ["value == 'x'", "(value=='x')&&(true)"],
  ["value == 'x'", "(value == 'x') && ((true) && (true))"],
  ["value == 'x' || value == 'y'", "(value == 'x' || value == 'y') && (value != 'y')"],
  ["value >", "value >"],
  ["", ""],
];

const REFUSED: readonly (readonly [parent: string, child: string, why: string])[] = [
  ["value == 'a b'", "value == 'ab'", "blanks in texts count"],
  ["value == 'ab'", "value == 'a b'", "blanks in texts count"],
  ["value in [x]", "valuein[x]", "another name"],
  ["a ! = b", "a != b", "the parent can't be read"],
  ["value == 'x'", "(value == 'x') && true", "no second parenthesis"],
  ["value == 'x'", "(value == 'x') && (true) || (true)", "not a conjunction"],
  ["value == 'x'", "(value == 'x') && (true) ? true : true", "not a conjunction"],
  ["value == 'x'", "(value == 'x') && (true) && (true)", "two more"],
  ["value == 'x'", `(value == 'x') && ("(" != "") || (")" != "")`, "parentheses in texts"],
  ["value == 'x'", "(value == 'x') && (value >)", "the child can't be read"],
  ["value == 'x' // c\n && false", "value == 'x' // c && false", "a comment"],
  ["value == 'x'", "(value == 'x') && (true // )\n)", "a comment"],
  ["false) || (true", "(false) || (true) && (true)", "the parent can't be read"],
  ["true) || (false", "(true) || (false) && (true)", "the parent can't be read"],
  ["false //", "(false //) && (true)\n) || (true)", "a comment"],
  ["value == 'x'", "(true) && (value == 'x')", "the other way round"],
  ["value < 10", "value < 5", "not told from the text"],
  ["value == '\\x41'", "value == 'A'", "not the same text"],
];

test("a child is its parent and something more", () => {
  for (const [parent, child] of PERMITTED) assert.ok(permits(cel(parent), cel(child)), child);
});

test("a child that isn't is refused", () => {
  for (const [parent, child, why] of REFUSED)
    assert.ok(!permits(cel(parent), cel(child)), `${child}: ${why}`);
});

test("whatever a permitted child matches, its parent matches", () => {
  const pieces = fc.constantFrom(
    "(",
    ")",
    "&&",
    "||",
    " ",
    "'",
    '"',
    "//",
    "\n",
    "\r",
    "true",
    "false",
    "!",
    "?",
    ":",
    "'''",
    "r'",
    "\\",
  );
  const noise = fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join(""));
  const parents = fc.oneof(anyExpression, noise);
  const children = fc.tuple(parents, parents, noise, fc.nat(4)).map(([parent, more, extra, form]) => ({
    parent,
    child:
      [
        `(${parent}) && (${more})`,
        `(${parent})&&(${more}${extra}`,
        `(${parent}) && (${extra})`,
        `(${parent})${extra}`,
        parent.replaceAll(" ", ""),
      ][form] ?? parent,
  }));
  let permitted = 0;
  fc.assert(
    fc.property(children, anyValue, ({ parent, child }, argument) => {
      if (!permits(cel(parent), cel(child))) return;
      permitted++;
      if (judge(child, argument) === "match") assert.equal(judge(parent, argument), "match");
    }),
    { numRuns: 5000 },
  );
  assert.ok(permitted > 100);
});
