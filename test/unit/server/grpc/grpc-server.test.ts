import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { answerHeadFor } from "../../../../src/server/grpc/grpc-message.ts";
import { createGrpcServer } from "../../../../src/server/grpc/grpc-server.ts";
import { CALL_LINES, grpcMessage } from "../../../support/raw-http2.ts";

const NO_DATE = { endStream: false, sendDate: false };
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

/** Sends a whole call, and wants nothing of its answer but its events. */
function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders): ClientHttp2Stream {
  const call = session.request(headers);
  call.resume().end(headers[":method"] === "POST" ? grpcMessage(Buffer.alloc(0)) : undefined);
  return call;
}

const calls = {
  "a check": CALL_LINES,
  "an unknown method": { ...CALL_LINES, ":path": "/none" },
  "a page": { ":method": "GET", ":path": "/" },
};

for (const [name, headers] of Object.entries(calls)) {
  test(`of ${name} that is over nothing hangs on its stream, which Node may keep for long`, async (t) => {
    const { session, streams } = await start(t);
    await once(ask(session, headers), "close");
    const [stream] = streams;
    assert.ok(stream);
    if (!stream.destroyed) await once(stream, "close");
    await nextTurn();
    assert.deepEqual(stream.eventNames(), ["error"]);
    // Whatever is told late of a stream that broke ends no process.
    assert.equal(stream.emit("error", new Error("late")), true);
  });
}

/** What a call is answered with first, without what Node notes there for itself. */
async function headOf(session: ClientHttp2Session, headers: OutgoingHttpHeaders) {
  const [head] = (await once(ask(session, headers), "response")) as [IncomingHttpHeaders];
  return Object.fromEntries(Object.entries(head));
}

const GRPC_HEAD = { ":status": 200, "content-type": "application/grpc" };

test("answers begin with what gRPC needs, those in HTTP with a date as well", async (t) => {
  const { session } = await start(t);
  assert.deepEqual(await headOf(session, calls["a check"]), GRPC_HEAD);
  assert.deepEqual(await headOf(session, calls["an unknown method"]), GRPC_HEAD);
  const { date = "", ...page } = await headOf(session, calls["a page"]);
  assert.deepEqual(page, { ":status": 405, allow: "POST" });
  assert.ok(Math.abs(Date.parse(String(date)) - Date.now()) < 60_000, String(date));
});

for (const [version, isList] of [
  ["v24.0.2", false],
  ["v24.6.0", false],
  ["v24.7.0", true],
  ["v24.10.0", true],
  ["v26.1.0", true],
] as const) {
  test(`with Node ${version} an answer begins with ${isList ? "a list" : "an object"} of the same`, async (t) => {
    const head = answerHeadFor(version)();
    assert.equal(Array.isArray(head), isList);
    const server = createHttp2Server();
    server.on("stream", (stream) => stream.respond(head, NO_DATE));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.after(() => {
      session.destroy();
      server.close();
    });
    assert.deepEqual(await headOf(session, CALL_LINES), GRPC_HEAD);
  });
}
