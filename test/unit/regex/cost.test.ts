import assert from "node:assert/strict";
import { test } from "node:test";
import { Evaluation, MAX_EFFORT } from "../../../src/evaluation.ts";
import { MAX_SIZE } from "../../../src/regex/program.ts";
import { regex } from "../../../src/regex/regex.ts";
import { orTooCostly } from "../../support/or-too-costly.ts";
import { rustVerdict } from "./rust.ts";

const SIZE = 65_536;
const LETTERS = "a".repeat(SIZE);
const WORDS = "é中".repeat(SIZE / 2);

/** Expressions and texts that are as slow as we could find. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ["^(a+)+$", `${LETTERS}b`],
  ["(a*)*(a*)*(a*)*b", LETTERS],
  ["(a?){900}a{900}$", LETTERS],
  ["((((a?){6}){6}){6}){6}b", LETTERS],
  ["a{0,9000}b", LETTERS],
  ["(?:[ab]{1,10}){1,900}c", "ab".repeat(SIZE / 2)],
  ["\\w{500}x", WORDS],
  ["(?:\\b|\\B)+x", WORDS],
  ["(?i)[^a-zé]+x", "ΣÉK".repeat(SIZE / 3)],
  [`[${"b-c".repeat(6_000)}]x`, "ab".repeat(SIZE / 2)],
  ["[a&&[^b]]".repeat(1_800), LETTERS],
  ["\\pL".repeat(6_000), LETTERS],
  ["(?:a{99}){150}b", LETTERS],
  ["a".repeat(19_000), LETTERS],
  ["(".repeat(19_000), ""],
  ["[".repeat(19_000), ""],
  [`a${"*".repeat(19_000)}`, ""],
  ["[a]".repeat(6_000), LETTERS],
  ["(?i)k".repeat(3_900), LETTERS],
  [Array.from({ length: 1_900 }, (_, i) => `(?<a${i}>)`).join(""), ""],
];

test("the worst expressions and texts end with an answer, or are too costly, and none hangs", () => {
  const answers = new Set<unknown>();
  const worst = Math.max(
    ...HOSTILE.map(([expression, text]) => {
      // The fastest of some runs: how long it takes by itself, on a machine that has other things to do.
      const runs = Array.from({ length: 5 }, () => {
        const start = performance.now();
        answers.add(judge(expression, text));
        return performance.now() - start;
      });
      return Math.min(...runs);
    }),
  );
  assert.ok(answers.has("too costly"));
  assert.ok(worst < 1000, `${worst} ms`);
});

test("no larger program is taken than Rust takes", () => {
  for (const part of ["[^a]", ".", "[^aé€😀ü\\x{10000}]", "\\w", "\\PL", "[\\w--a]"]) {
    const repeated = (count: number) => `(?:${part}){${count}}`;
    let most = MAX_SIZE;
    while (!regex(repeated(most)).isValid(new Evaluation(0))) most--;
    assert.ok(most > 100, part);
    assert.equal(rustVerdict(repeated(most), ""), "no_match", repeated(most));
  }
});

test("an ordinary expression takes a small part of the effort of a request", () => {
  const effort = MAX_EFFORT / 20;
  const email = regex("^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$");
  assert.equal(email.isFoundIn("someone.else@mail.example.com", new Evaluation(0, effort)), true);
  const path = regex("^/v[12]/users/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/orders(?:/\\d+)?$");
  const id = "01234567-89ab-cdef-0123-456789abcdef";
  assert.equal(path.isFoundIn(`/v1/users/${id}/orders/17`, new Evaluation(0, effort)), true);
});

test("steps grow with the text times the expression, not faster", () => {
  const steps = (count: number): number => {
    const expression = `(a?){${count}}a{${count}}b`;
    return least((effort) => regex(expression).isFoundIn("a".repeat(count), new Evaluation(0, effort)));
  };
  assert.ok(steps(160) <= steps(40) * 32, `${steps(40)}, ${steps(160)}`);
});

test("an expression is read and built once in a judgement, and costs each judgement the same", () => {
  const expression = regex(`(?:${"a".repeat(1_000)}|b)`);
  const spent = (evaluation: Evaluation): number => {
    const before = evaluation.left;
    assert.equal(expression.isFoundIn("b", evaluation), true);
    return before - evaluation.left;
  };
  const judgement = new Evaluation(0);
  const first = spent(judgement);
  const again = spent(judgement);
  assert.ok(again < first / 4, `${first}, then ${again}`);
  assert.equal(spent(new Evaluation(0)), first);
});

test("an expression that couldn't be afforded is still judged when there is enough", () => {
  const expression = regex("^a{1000}$");
  const text = "a".repeat(1_000);
  for (const effort of [0, 100, 1_000, 5_100]) {
    const answer = orTooCostly(() => expression.isFoundIn(text, new Evaluation(0, effort)));
    assert.equal(answer, "too costly");
  }
  assert.equal(expression.isFoundIn(text, new Evaluation(0)), true);
});

function judge(expression: string, text: string): unknown {
  return orTooCostly(() => regex(expression).isFoundIn(text, new Evaluation(0)));
}

/** The least effort, as a power of two, with which there is an answer. */
function least(ask: (effort: number) => unknown): number {
  let effort = 1;
  while (orTooCostly(() => ask(effort)) === "too costly") effort *= 2;
  return effort;
}
