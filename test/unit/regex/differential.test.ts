import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expressions, soups, texts } from "./expressions.ts";
import { verdict } from "./judge.ts";
import { rustVerdict, type Verdict } from "./rust.ts";

for (const [kind, arbitrary, cases] of [
  ["expressions of every construct", expressions(), 2_000],
  ["pieces in any order", soups(), 1_000],
] as const) {
  test(`Rust says the same of ${kind}`, () => {
    const seen: Record<Verdict, number> = { match: 0, no_match: 0, error: 0 };
    fc.assert(
      fc.property(arbitrary, texts(), (expression, text) => {
        const ours = verdict(expression, text);
        assert.equal(ours, rustVerdict(expression, text));
        seen[ours]++;
      }),
      { numRuns: cases },
    );
    // Each verdict has to be put to the test often.
    for (const count of Object.values(seen)) assert.ok(count > cases / 20, JSON.stringify(seen));
  });
}
