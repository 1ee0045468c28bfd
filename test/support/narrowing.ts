import assert from "node:assert/strict";
import fc from "fast-check";
import type { Value } from "../../src/value.ts";
import type { Constraint } from "../../src/warrant/constraint/index.ts";
import { matches, permits } from "./judge.ts";

/**
 * Holds that a parent matches whatever a child matches that it permits.
 *
 * @param probes the arguments asked about
 * @param leastHits how often a permitted child other than the parent has to match for the test to say something
 */
export function assertNarrowing<Source>(
  sources: fc.Arbitrary<Source>,
  build: (source: Source) => {
    readonly parent: Constraint;
    readonly child: Constraint;
    readonly probes: readonly Value[];
  },
  { runs, leastHits }: { readonly runs: number; readonly leastHits: number },
): void {
  let hits = 0;
  const holds = fc.property(sources, (source) => {
    const { parent, child, probes } = build(source);
    if (!permits(parent, child)) return;
    for (const probe of probes) {
      if (matches(child, probe) !== "match") continue;
      const shown = `${parent.describe()} permits ${child.describe()}, on ${String(probe)}`;
      assert.equal(matches(parent, probe), "match", shown);
      if (parent.describe() !== child.describe()) hits++;
    }
  });
  fc.assert(holds, { numRuns: runs });
  assert.ok(hits >= leastHits, `only ${hits} hits`);
}
