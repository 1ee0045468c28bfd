import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_NESTING } from "../../../src/cel/parse.ts";
import { Evaluation, TooCostly } from "../../../src/evaluation.ts";
import type { Value } from "../../../src/value.ts";
import { cel } from "../../../src/warrant/constraint/index.ts";
import { judge, NOW } from "../../support/cel.ts";
import { anyExpression, anyValue } from "../../support/cel-arbitrary.ts";

const SIZE = 64_000;
const text = "a".repeat(SIZE);
const numbers = Array.from({ length: SIZE / 8 }, (_, i) => BigInt(i));

const many = new Map<string, Value>([
  ["n", numbers.slice(0, 2000)],
  ["t", text],
  ["z", "0".repeat(SIZE)],
  ["m", new Map(numbers.map((number) => [String(number), number]))],
]);

function times(part: string, count = Math.floor(SIZE / part.length)): string {
  return part.repeat(count);
}

test("any text is read or isn't, and never throws anything but too much effort", () => {
  const pieces = fc.constantFrom(
    ..."( ) [ ] { } , . ? : ! - + && || == in ' \" ''' \\ \n // 1 1.5 5u 0x a b r x value true".split(" "),
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (source) => {
      assert.ok(["match", "no_match", "error"].includes(judge(source, source)));
    }),
    { numRuns: 2000 },
  );
});

test("any expression of any argument has an outcome", () => {
  fc.assert(
    fc.property(anyExpression, anyValue, (expression, argument) => {
      assert.ok(["match", "no_match", "error"].includes(judge(expression, argument)));
    }),
    { numRuns: 2000 },
  );
});

/** Few words, much work: `n` has many numbers, `t` is a long text, `b` such bytes. */
const COSTLY: readonly (readonly [string, Value])[] = [
  ["value.all(a, value.all(b, true))", numbers],
  ["value.map(a, value.map(b, [a, b])) == []", numbers],
  [`[value]${times(".map(a, a + a)", MAX_NESTING - 5)} == ['']`, text],
  [`[value]${times(".map(a, a + a)", MAX_NESTING - 5)} == [[]]`, numbers],
  [`[value]${times(".map(a, [a, a])", 60)} == [value]${times(".map(a, [a, a])", 60)}`, 1n],
  [`${"value.all(a, ".repeat(100)}true${")".repeat(100)}`, [1n, 2n]],
  [`value.contains('${times("a", SIZE / 2)}b')`, text],
  ...[
    "n.all(x, t <= t)",
    "n.all(x, t == t + '')",
    "n.all(x, (t + t) != '')",
    "n.all(x, (n + n) != [])",
    "n.all(x, size(t) > 0)",
    "n.all(x, size(bytes(t)) > 0)",
    "n.all(x, t[0] == 'a')",
    "n.all(x, t.endsWith(t))",
    "n.all(x, 'b' in t || true)",
    "n.all(x, max(n) > 0)",
    "n.all(x, m.exists(key, true))",
    "n.all(x, -1 in n || true)",
    "n.all(x, int(z) == 0)",
    "n.all(x, double(z) == 0.0)",
    "n.all(x, duration(z + 's') != 0)",
    "n.all(x, time_since(z) == 0)",
    "[bytes(t)].all(b, n.all(x, string(b) != ''))",
    "[bytes(t)].all(b, n.all(x, b == b))",
    "[bytes(t)].all(b, n.all(x, !b.contains(b'xyz')))",
    "n.all(x, !t.matches('[b-z]$'))",
    "n.all(x, !string(x).matches('^[a-z]{20}' + string(x)))",
    "n.all(x, net_is_private('::1') || true)",
    "n.all(x, net_in_cidr('::1', '::/' + z) || true)",
  ].map((expression) => [expression, many] as const),
];

test("what would take long or much memory is too costly", () => {
  for (const [expression, argument] of COSTLY) {
    assert.throws(
      () => cel(expression).matches(argument, new Evaluation(NOW)),
      TooCostly,
      expression.slice(0, 60),
    );
  }
});

test("values nest deeper than expressions, and are compared only so deep", () => {
  const nested = (times: number, levels: number): string =>
    `[1]${`.map(a, ${"[".repeat(levels)}a${"]".repeat(levels)})`.repeat(times)}`;
  assert.equal(judge(`[${nested(2, 100)}].all(a, a == a)`), "match");
  assert.equal(judge(`[${nested(3, 100)}].all(a, a == a)`), "error");
});

test("reading takes effort too", () => {
  const long = `'${text}' == ''`;
  for (const expression of [long, `${times("-1,", 1000)}1`, `size(${times("1+", 140)}1)`]) {
    assert.throws(() => cel(expression).matches("a", new Evaluation(NOW, expression.length)), TooCostly);
  }
  const [parent, child] = [cel(long), cel(`(${long}) && (true)`)];
  assert.ok(parent.permits(child, new Evaluation(NOW)));
  for (let i = 0; i < 3; i++)
    assert.throws(() => parent.permits(child, new Evaluation(NOW, 1_000)), TooCostly);
});

test("an escape takes more effort to read than its characters", () => {
  const effort = 3 * SIZE;
  const read = (part: string) => cel(`value == "${times(part)}"`).matches("a", new Evaluation(NOW, effort));
  assert.equal(read("aa"), "no_match");
  assert.throws(() => read("\\n"), TooCostly);
});

test("hostile texts are refused in linear time", () => {
  const sources = [
    "(",
    ")",
    "[",
    "{",
    "'",
    '"""',
    "\\",
    "1",
    "1.",
    ".1",
    "a.",
    "!",
    "-",
    "?",
    "//\n",
    " ",
    "0x",
    "1e",
  ];
  for (const source of sources) {
    const start = performance.now();
    for (const expression of [times(source), `${times(source)}x`]) {
      try {
        assert.equal(cel(expression).matches(text, new Evaluation(NOW)), "error");
      } catch (error) {
        assert.ok(error instanceof TooCostly);
      }
    }
    assert.ok(performance.now() - start < 1000, source);
  }
  for (const call of ["double(value)", "int(value)", "duration(value)", "timestamp(value)"]) {
    const start = performance.now();
    for (const part of ["1", "0", ".1", "1.", "1h", "1s."])
      assert.equal(judge(`${call} == 1`, `${times(part)}x`), "error");
    assert.ok(performance.now() - start < 1000, call);
  }
});

test("a usual expression takes a hundredth of the effort there is", () => {
  const expression =
    "value.startsWith('/data/') && !value.contains('..') && value in ['/data/a', '/data/b'] && size(value) < 100";
  assert.equal(cel(expression).matches("/data/a", new Evaluation(NOW, 2_500)), "match");
});
