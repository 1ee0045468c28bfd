import assert from "node:assert/strict";
import { test } from "node:test";
import { startCoverage } from "./coverage.ts";

test("coverage tells code that ran for the first time, until it is told to keep it", async () => {
  const coverage = startCoverage((url) => url.endsWith("/src/text-order.ts"));
  const { compareText } = await import("../../src/text-order.ts");
  compareText("a", "b");
  coverage.keep(coverage.fresh());
  const before = coverage.size();
  assert.ok(before > 0);
  compareText("a", "c");
  assert.deepEqual(coverage.fresh(), []);

  compareText("aa", "ab");
  const fresh = coverage.fresh();
  assert.ok(fresh.length > 0);
  compareText("aa", "ab");
  assert.deepEqual(coverage.fresh(), fresh);
  coverage.keep(fresh);
  assert.equal(coverage.size(), before + fresh.length);
  compareText("aa", "ac");
  assert.deepEqual(coverage.fresh(), []);
});
