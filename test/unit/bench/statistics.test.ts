import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { percentile, spreadOf } from "../../../bench/measure/statistics.ts";

test("a percentile is the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual(
    [0.01, 0.5, 0.99, 0.999, 1].map((share) => percentile(hundred, share)),
    [1, 50, 99, 100, 100],
  );
  assert.equal(percentile([7], 0.5), 7);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test("a percentile is a value that its share of all doesn't exceed, and the least such", () => {
  const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 1000 }), (unsorted, thousandths) => {
      const sorted = unsorted.toSorted((a, b) => a - b);
      const found = percentile(sorted, thousandths / 1000);
      const atMost = (limit: number): number => sorted.filter((value) => value <= limit).length * 1000;
      assert.ok(atMost(found) >= thousandths * sorted.length);
      const below = sorted.filter((value) => value < found).at(-1);
      if (below !== undefined) assert.ok(atMost(below) < thousandths * sorted.length);
    }),
  );
});

test("a spread doesn't depend on the order of the rounds", () => {
  assert.deepEqual(spreadOf([30, 10, 20]), { median: 20, min: 10, max: 30 });
});
