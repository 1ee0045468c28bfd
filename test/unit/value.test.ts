import assert from "node:assert/strict";
import { test } from "node:test";
import { formatValue, MAX_SHOWN_CHARACTERS, type Value } from "../../src/value.ts";

test("a value is shown as text or compact JSON, floats with their point", () => {
  const shown: readonly (readonly [Value, string])[] = [
    ["/etc/passwd", "/etc/passwd"],
    ["10.0.0.1", "10.0.0.1"],
    ["", '""'],
    ["5", '"5"'],
    ["-1.5e3", '"-1.5e3"'],
    ["null", '"null"'],
    ['["a"]', String.raw`"[\"a\"]"`],
    [5n, "5"],
    [5, "5.0"],
    [-0, "0.0"],
    [NaN, "NaN"],
    [null, "null"],
    [[], "[]"],
    [["a", 1n, [true]], '["a",1,[true]]'],
    [
      new Map<string, Value>([
        ["k", ["v"]],
        ["n", 1.5],
      ]),
      '{"k":["v"],"n":1.5}',
    ],
  ];
  for (const [value, text] of shown) assert.equal(formatValue(value), text);
});

test("a long value is shown by its start, wherever it is long", () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => BigInt(i));
  const text = "é".repeat(5_000);
  const long: readonly (readonly [Value, string])[] = [
    [numbers, `[${numbers.join(",")}]`],
    [text, text],
    [[[text]], JSON.stringify([[text]])],
    [new Map([[text, 1n]]), `{"${text}":1}`],
    [
      new Map<string, Value>([
        ["a", numbers],
        ["b", 1n],
      ]),
      `{"a":[${numbers.join(",")}],"b":1}`,
    ],
  ];
  for (const [value, whole] of long) assert.equal(formatValue(value), whole.slice(0, MAX_SHOWN_CHARACTERS));
});
