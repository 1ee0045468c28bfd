import assert from "node:assert/strict";
import { test } from "node:test";
import { createSpanClock } from "../../../../src/server/trace/span-clock.ts";

function clocks() {
  const state = { monotonic: 0, clock: 1_000_000 };
  const toClock = createSpanClock(() => Math.floor(state.clock), {
    timeOrigin: 1_000_000,
    now: () => state.monotonic,
  } as typeof performance);
  return {
    toClock,
    pass: (ms: number) => {
      state.monotonic += ms;
      state.clock += ms;
    },
    set: (ms: number) => {
      state.clock += ms;
    },
  };
}

test("fractions of a millisecond are kept, though the clock tells none", () => {
  const { toClock, pass } = clocks();
  pass(10.75);
  assert.equal(toClock(10.25), 1_000_010.25);
  assert.equal(toClock(10.75), 1_000_010.75);
});

test("a clock that is set is followed, either way", () => {
  for (const ms of [3_600_000, -3_600_000]) {
    const { toClock, pass, set } = clocks();
    pass(5);
    assert.equal(toClock(5), 1_000_005);
    set(ms);
    pass(5);
    assert.equal(toClock(10), 1_000_010 + ms);
  }
});

test("years on a clock that runs otherwise leave spans within some milliseconds of it", () => {
  const { toClock, pass, set } = clocks();
  let now = 0;
  for (let second = 0; second < 10_000; second++) {
    pass(1000);
    now += 1000;
    set(0.05);
    assert.ok(Math.abs(toClock(now) - (1_000_000 + now + 0.05 * (second + 1))) <= 4);
  }
});
