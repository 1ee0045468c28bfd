import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { ALLOWED, type Answer } from "../../../bench/load/answer.ts";
import { closedLoop } from "../../../bench/load/closed-loop.ts";
import { readAnswer } from "../../../bench/load/http1.ts";
import type { Lane } from "../../../bench/load/lane.ts";
import { openLoop } from "../../../bench/load/open-loop.ts";
import { dueAt, dueBy } from "../../../bench/load/schedule.ts";

const requests = (count: number): Buffer[] => Array.from({ length: count }, () => Buffer.of(1));
const SHED: Answer = { status: 503, reason: "overloaded" };

/** Answers the i-th of all requests with `answerTo(i)`, after the event loop's turn or so long. */
function lanesThat(
  answerTo: (i: number) => Answer | Error,
  count = 4,
  takes = (_: number): number => 0,
): Lane[] {
  let sent = 0;
  const send: Lane["send"] = (_, done) => {
    const i = sent++;
    void sleep(takes(i)).then(() => done(answerTo(i)));
  };
  return Array.from({ length: count }, () => ({ send }));
}

test("every request of a closed loop is sent once and timed", async () => {
  let sent = 0;
  const lanes = lanesThat(() => {
    sent++;
    return ALLOWED;
  });
  const { latencies, shed } = await closedLoop(lanes, requests(50), ALLOWED);
  assert.deepEqual([sent, latencies.length, shed], [50, 50, 0]);
});

test("a closed loop ends when its time is over, and waits for what is under way", async () => {
  let answered = 0;
  const lanes = lanesThat(() => {
    answered++;
    return ALLOWED;
  });
  const { latencies } = await closedLoop(lanes, requests(1_000_000), ALLOWED, 0.05);
  assert.equal(latencies.length, answered);
  assert.ok(answered > 0 && answered < 1_000_000);
});

test("a wrong verdict, or none, ends either loop", async () => {
  const wrongs = [{ status: 403, reason: "x" }, { status: 200, reason: "x" }, new Error("closed")];
  for (const wrong of wrongs) {
    const lanes = (): Lane[] => lanesThat((i) => (i === 9 ? wrong : ALLOWED));
    await assert.rejects(closedLoop(lanes(), requests(20), ALLOWED), { name: "WrongAnswer" });
    await assert.rejects(openLoop(lanes(), requests(20), ALLOWED, 1000), { name: "WrongAnswer" });
  }
});

test("what was turned away unjudged is counted apart", async () => {
  const lanes = lanesThat((i) => (i % 4 === 0 ? SHED : ALLOWED));
  const { latencies, shed } = await closedLoop(lanes, requests(20), ALLOWED);
  assert.deepEqual([latencies.length, shed], [15, 5]);
});

test("in an open loop a request waits from when it was due, not from when it was sent", async () => {
  const stall = 200;
  const lanes = lanesThat(
    () => ALLOWED,
    1,
    (i) => (i === 0 ? stall : 0),
  );
  const { latencies } = await openLoop(lanes, requests(20), ALLOWED, 1000);
  // The 19 others were due within 20 ms, behind a lane that was taken for 200.
  assert.ok((latencies[0] ?? 0) / 1000 > stall - 30);
});

test("a request is due at its time, and none before", () => {
  assert.deepEqual(
    [-0.001, 0, 0.0009, 0.001].map((elapsed) => dueBy(elapsed, 1000)),
    [0, 1, 1, 2],
  );
  fc.assert(
    fc.property(fc.nat(1e6), fc.integer({ min: 1, max: 1e5 }), (i, perSecond) => {
      const due = dueAt(i, perSecond) / 1000;
      assert.equal(dueBy(due + 0.5 / perSecond, perSecond), i + 1);
      if (i > 0) assert.equal(dueBy(due - 0.5 / perSecond, perSecond), i);
    }),
  );
});

test("an answer of HTTP/1.1 is read when it is whole, whatever its parts", () => {
  const body = `{"authorized":false}`;
  const head = "HTTP/1.1 403 Forbidden\r\nx-tenuo-deny-reason: constraint_violation\r\n";
  const whole = `${head}content-length: ${body.length}\r\n\r\n${body}`;
  for (let end = 0; end < whole.length; end++) assert.equal(readAnswer(whole.slice(0, end)), undefined);
  assert.deepEqual(readAnswer(whole), { status: 403, reason: "constraint_violation" });
  assert.deepEqual(readAnswer("HTTP/1.1 200 OK\r\nserver: envoy\r\n\r\n"), ALLOWED);
});
