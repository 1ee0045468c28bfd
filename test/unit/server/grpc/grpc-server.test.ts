import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGrpcServer } from "../../../../src/server/grpc/grpc-server.ts";
import { CALL_LINES, grpcMessage } from "../../../support/raw-http2.ts";

const STREAMS = "http2.server.stream.created";

/** A server that answers each check with nothing, and the streams of its calls. */
async function start(t: TestContext) {
  const streams: ServerHttp2Stream[] = [];
  const seen = (message: unknown): void =>
    void streams.push((message as { stream: ServerHttp2Stream }).stream);
  subscribe(STREAMS, seen);
  t.after(() => unsubscribe(STREAMS, seen));
  const empty = Buffer.alloc(0);
  const grpc = createGrpcServer(
    { check: (_, reply) => reply(empty), lastResort: empty },
    { maxArrivingBytes: 1024, maxCalls: 10, maxWatches: 1, cutOff: () => {}, maxAgeSeconds: Infinity },
  );
  const port = createServer((socket) => void grpc.accept(socket)).listen(0, "127.0.0.1");
  await once(port, "listening");
  const session = connect(`http://127.0.0.1:${(port.address() as AddressInfo).port}`);
  t.after(() => {
    session.destroy();
    port.close();
  });
  return { session, streams };
}

const calls = {
  "a check": CALL_LINES,
  "an unknown method": { ...CALL_LINES, ":path": "/none" },
  "a page": { ":method": "GET", ":path": "/" },
};

for (const [name, headers] of Object.entries(calls)) {
  test(`of ${name} that is over nothing hangs on its stream, which Node may keep for long`, async (t) => {
    const { session, streams } = await start(t);
    const call = session.request(headers);
    call.resume().end(headers[":method"] === "POST" ? grpcMessage(Buffer.alloc(0)) : undefined);
    await once(call, "close");
    const [stream] = streams;
    assert.ok(stream);
    if (!stream.destroyed) await once(stream, "close");
    await nextTurn();
    assert.deepEqual(stream.eventNames(), ["error"]);
    // Whatever is told late of a stream that broke ends no process.
    assert.equal(stream.emit("error", new Error("late")), true);
  });
}
