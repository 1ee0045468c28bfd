import assert from "node:assert/strict";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { createPeers } from "../../../../src/server/grpc/peers.ts";
import { PEER_MS } from "../../../../src/server/limits.ts";

const TICK_MS = 1_000;

/** Peers of three connections, of which the calls of each are made by hand. */
function peersOf(t: TestContext, maxWaitingCalls: number) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const cut: string[] = [];
  const sessions = new Map(["a", "b", "c"].map((name) => [{ name } as unknown as Http2Session, name]));
  const [a, b, c] = [...sessions.keys()].map(
    (session) => ({ session, destroyed: false }) as unknown as ServerHttp2Stream,
  );
  assert.ok(a && b && c);
  const peers = createPeers({
    ...{ maxArrivingBytes: 100, maxWaitingCalls },
    cutOff: (session) => cut.push(sessions.get(session) ?? "unknown"),
  });
  return { a, b, c, cut, peers, sleep: (ms: number) => t.mock.timers.tick(ms) };
}

test("one call too many costs the connection that has been waited for longest, not the one that has most", (t) => {
  const { a, b, c, cut, peers } = peersOf(t, 4);
  peers.waitForTaking(a);
  for (const stream of [b, b, b]) peers.waitForTaking(stream);
  assert.deepEqual(cut, []);
  peers.waitForMessage(c, () => {});
  assert.deepEqual(cut, ["a"]);
});

test("its calls count no more at once, so that it costs nobody else a connection", (t) => {
  const { a, b, cut, peers } = peersOf(t, 4);
  const waits = [a, a, a, b, b].map((stream) => peers.waitForTaking(stream));
  assert.deepEqual(cut, ["a"]);
  peers.waitForTaking(b);
  peers.waitForTaking(b);
  assert.deepEqual(cut, ["a"]);
  // Those that were cut off end as well, later.
  for (const wait of waits.slice(0, 3)) peers.over(wait);
  peers.waitForTaking(b);
  assert.deepEqual(cut, ["a", "b"]);
});

test("calls that end make room, and ones that have ended before take none", (t) => {
  const { a, b, cut, peers } = peersOf(t, 1);
  for (let i = 0; i < 100; i++) peers.over(peers.waitForTaking(a));
  for (let i = 0; i < 100; i++) peers.waitForTaking({ ...b, destroyed: true } as ServerHttp2Stream);
  peers.waitForTaking(a);
  assert.deepEqual(cut, []);
});

test("a message that doesn't come in time is late, once; what is over is not", (t) => {
  const { a, b, cut, peers, sleep } = peersOf(t, 10);
  const late: string[] = [];
  peers.waitForMessage(a, () => late.push("first"));
  const over = peers.waitForMessage(a, () => late.push("over"));
  sleep(TICK_MS);
  peers.waitForMessage(b, () => late.push("second"));
  peers.over(over);
  sleep(PEER_MS - TICK_MS);
  assert.equal(late.length, 0);
  sleep(TICK_MS);
  assert.deepEqual(late, ["first"]);
  sleep(TICK_MS);
  assert.deepEqual(late, ["first", "second"]);
  sleep(PEER_MS * 2);
  peers.waitForMessage(b, () => late.push("third"));
  sleep(PEER_MS + TICK_MS);
  assert.deepEqual(late.slice(2), ["third"]);
  assert.deepEqual(cut, []);
});

test("a peer that doesn't take an answer in time is cut off, once for all its calls", (t) => {
  const { a, b, cut, peers, sleep } = peersOf(t, 10);
  for (const stream of [a, a, b]) peers.waitForTaking(stream);
  sleep(PEER_MS);
  assert.deepEqual(cut, []);
  sleep(TICK_MS);
  assert.deepEqual(cut, ["a", "b"]);
});

test("bytes that are arriving are bounded over all connections", (t) => {
  const { peers } = peersOf(t, 1);
  assert.deepEqual([peers.take(60), peers.take(41), peers.take(40)], [true, false, true]);
  peers.release(60);
  assert.equal(peers.take(60), true);
});
