import assert from "node:assert/strict";
import { test } from "node:test";
import { isKept } from "../../../../src/server/log/log-sampling.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

const byTrace = (id: number | string) => ({ traceId: `trace-${id}`, requestId: "req_1" });
const byRequest = (id: number) => ({ traceId: undefined, requestId: `req_${id}` });

/** Part of 20,000 that are kept. */
function part(isIn: (id: number) => boolean): number {
  return Array.from({ length: 20_000 }, (_, id) => isIn(id)).filter(Boolean).length / 20_000;
}

function assertAbout(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 0.02, `${actual} instead of ${expected}`);
}

test("about the part that is asked for is kept, of requests with and without a trace", () => {
  for (const rate of [0.01, 0.1, 0.5, 0.9]) {
    assertAbout(
      part((id) => isKept(byTrace(id), rate, NOW)),
      rate,
    );
    assertAbout(
      part((id) => isKept(byRequest(id), rate, NOW)),
      rate,
    );
  }
  for (const rate of [0, 1])
    assert.equal(
      part((id) => isKept(byRequest(id), rate, NOW)),
      rate,
    );
});

test("the requests of one trace are kept or left out together", () => {
  for (let id = 0; id < 100; id++) {
    const { traceId } = byTrace(id);
    const kept = isKept({ traceId, requestId: "req_1" }, 0.5, NOW);
    assert.equal(isKept({ traceId, requestId: "req_2" }, 0.5, NOW), kept);
  }
});

test("a trace id that is sent with every request is kept as often as others in the long run", () => {
  assertAbout(
    part((minute) => isKept(byTrace("forever"), 0.1, NOW + minute * MINUTE)),
    0.1,
  );
});

test("which traces are kept can't be told by whoever knows the time and the configuration", () => {
  const configSha256 = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
  for (const guess of ["", "undefined", configSha256]) {
    const isAlike = (id: number): boolean =>
      isKept(byTrace(id), 0.5, NOW) === isKept(byTrace(id), 0.5, NOW, guess);
    assertAbout(part(isAlike), 0.5);
  }
});

test("what is kept at a low rate is kept at a higher one", () => {
  for (let id = 0; id < 1000; id++)
    if (isKept(byTrace(id), 0.1, NOW)) assert.ok(isKept(byTrace(id), 0.2, NOW));
});
