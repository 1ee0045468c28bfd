import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startInOneWindow } from "../../../bench/calls/in-one-window.ts";
import { PROOF_WINDOWS } from "../../../src/warrant/proof.ts";

const { windowSeconds } = PROOF_WINDOWS;
const windowOf = (time: number): number => Math.floor(time / windowSeconds);

test("load begins when it is ready, unless it would outlast the window of its proofs", () => {
  const windowStart = 1000 * windowSeconds;
  assert.equal(startInOneWindow(windowStart + 1, 3), windowStart + 1);
  assert.equal(startInOneWindow(windowStart + windowSeconds - 2, 3), windowStart + windowSeconds);
});

test("load that fits into a window never crosses its end, and waits for no more than one", () => {
  const ready = fc.double({ min: 1e9, max: 2e9, noNaN: true });
  const seconds = fc.double({ min: 0.01, max: windowSeconds - 1, noNaN: true });
  fc.assert(
    fc.property(ready, seconds, (at, lasts) => {
      const start = startInOneWindow(at, lasts);
      assert.ok(start >= at && start - at <= windowSeconds);
      assert.equal(windowOf(start), windowOf(start + lasts));
    }),
  );
});
