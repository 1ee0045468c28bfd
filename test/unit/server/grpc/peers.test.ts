import assert from "node:assert/strict";
import type { Http2Session, ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createPeers } from "../../../../src/server/grpc/peers.ts";
import { PEER_MS } from "../../../../src/server/limits.ts";

const TICK_MS = 1_000;

/** Three connections, of which the calls are made by hand; what was cut off ends when `settle` is called. */
function connect(t: TestContext, maxCalls: number) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const cut: string[] = [];
  const connections = ["a", "b", "c"].map((name) => {
    const session = { name } as unknown as Http2Session;
    const stream = { session, destroyed: false } as unknown as ServerHttp2Stream;
    let open = 0;
    const end = (): void => {
      open--;
      peers.ended(session);
    };
    return {
      ...{ name, session, stream, open: () => open },
      /** A call whose answer nobody takes. */
      call: (): void => {
        open++;
        peers.begun(session);
        peers.waitForTaking(stream);
      },
      /** One that ends in the same turn. */
      shortCall: (): void => {
        open++;
        peers.begun(session);
        end();
      },
      end,
    };
  });
  const of = (session: Http2Session) => connections.find((each) => each.session === session);
  const peers = createPeers({
    ...{ maxArrivingBytes: 100, maxCalls },
    cutOff: (session) => {
      cut.push(of(session)?.name ?? "");
      return of(session)?.open() ?? 0;
    },
  });
  const [a, b, c] = connections;
  assert.ok(a && b && c);
  return {
    ...{ a, b, c, cut, peers },
    /** Lets answers have been on their way for long enough. */
    turns: async (): Promise<void> => {
      for (let i = 0; i < 2; i++) {
        c.shortCall();
        await nextTurn();
      }
    },
    settle: (): void => {
      for (const each of connections) if (cut.includes(each.name)) while (each.open() > 0) each.end();
    },
    sleep: (ms: number): void => t.mock.timers.tick(ms),
  };
}

const times = (count: number, act: () => void): void => {
  for (let i = 0; i < count; i++) act();
};

test("one call too many costs the connection that has been waited for longest, not the one that has most", async (t) => {
  const { a, b, c, cut, turns } = connect(t, 10);
  times(2, a.call);
  times(7, b.call);
  await turns();
  c.call();
  assert.deepEqual(cut, []);
  c.call();
  assert.deepEqual(cut, ["a"]);
});

test("its calls make room at once, and once, so that they cost nobody else a connection", async (t) => {
  const { a, b, c, cut, turns, settle } = connect(t, 10);
  times(2, a.call);
  times(7, b.call);
  await turns();
  times(2, c.call);
  assert.deepEqual(cut, ["a"]);
  settle();
  await turns();
  c.call();
  assert.deepEqual(cut, ["a"]);
  c.call();
  assert.deepEqual(cut, ["a", "b"]);
});

test("where too many come at once, the last one loses its connection, not those whose answers are on their way", async (t) => {
  const { a, b, c, cut } = connect(t, 10);
  times(6, a.call);
  await nextTurn();
  times(4, b.call);
  assert.deepEqual(cut, []);
  c.call();
  assert.deepEqual(cut, ["c"]);
});

test("also where they are over at once, as what they held is free only when the turn is", async (t) => {
  const { a, b, cut } = connect(t, 10);
  times(10, a.shortCall);
  await nextTurn();
  times(10, a.shortCall);
  assert.deepEqual(cut, []);
  b.shortCall();
  assert.deepEqual(cut, ["b"]);
});

test("a message that doesn't come in time is late, once; what is over is not", (t) => {
  const { a, b, cut, peers, sleep } = connect(t, 10);
  const late: string[] = [];
  peers.waitForMessage(a.stream, () => late.push("first"));
  const over = peers.waitForMessage(a.stream, () => late.push("over"));
  sleep(TICK_MS);
  peers.waitForMessage(b.stream, () => late.push("second"));
  peers.over(over);
  peers.waitForMessage({ ...b.stream, destroyed: true } as ServerHttp2Stream, () => late.push("gone"));
  sleep(PEER_MS - TICK_MS);
  assert.equal(late.length, 0);
  sleep(TICK_MS);
  assert.deepEqual(late, ["first"]);
  sleep(TICK_MS);
  assert.deepEqual(late, ["first", "second"]);
  sleep(PEER_MS * 2);
  peers.waitForMessage(b.stream, () => late.push("third"));
  sleep(PEER_MS + TICK_MS);
  assert.deepEqual(late.slice(2), ["third"]);
  assert.deepEqual(cut, []);
});

test("a peer that doesn't take an answer in time is cut off, once for all its calls", (t) => {
  const { a, b, cut, sleep } = connect(t, 10);
  times(2, a.call);
  b.call();
  sleep(PEER_MS);
  assert.deepEqual(cut, []);
  sleep(TICK_MS);
  assert.deepEqual(cut, ["a", "b"]);
});

test("bytes that are arriving are bounded over all connections", (t) => {
  const { peers } = connect(t, 1);
  assert.deepEqual([peers.take(60), peers.take(41), peers.take(40)], [true, false, true]);
  peers.release(60);
  assert.equal(peers.take(60), true);
});
