import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { type TestContext, test } from "node:test";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import {
  IDLE_MS,
  KEEPALIVE_ANSWER_MS,
  KEEPALIVE_MS,
  MAX_WAITING_REQUESTS,
  OPENING_MS,
  PEER_MS,
  PROBE_MS,
} from "../../src/server/limits.ts";
import { roomWithin } from "../../src/server/room.ts";
import {
  callHead,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  grpcMessage,
  HEADERS,
  openRaw,
  PING,
  type RawHttp2,
  RST_STREAM,
  SETTINGS,
} from "../support/raw-http2.ts";
import { startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const GATEWAY = `
version: "2"
settings: {trusted_roots: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;
const nothing = grpcMessage(Buffer.alloc(0));
const ACK = 1;

/** A service whose clock is told what to do, once the connection stands. */
async function startTimed(t: TestContext) {
  const service = await startService(t, GATEWAY);
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  return service;
}

function seen(raw: RawHttp2, type: number, flag = 0): Promise<true> {
  return waitFor(`a frame of type ${type}`, () =>
    raw.frames().some((each) => each.type === type && (each.flags & flag) === flag) ? true : undefined,
  );
}

const closed = (raw: RawHttp2): Promise<true> => waitFor("the end", () => raw.isClosed() || undefined);

test("a peer that doesn't answer is dropped, and one that does stays", async (t) => {
  const service = await startTimed(t);
  const [dead, alive] = await Promise.all([openRaw(service.port), openRaw(service.port)]);
  await Promise.all([seen(dead, SETTINGS), seen(alive, SETTINGS)]);
  t.mock.timers.tick(KEEPALIVE_MS);
  await Promise.all([seen(dead, PING), seen(alive, PING)]);
  const [ping] = alive.frames().filter(({ type }) => type === PING);
  await alive.send(frame(PING, ACK, 0, ping?.payload), frame(PING, 0, 0, Buffer.alloc(8)));
  await seen(alive, PING, ACK);
  t.mock.timers.tick(KEEPALIVE_ANSWER_MS);
  await closed(dead);
  assert.equal(alive.isClosed(), false);
  alive.socket.destroy();
});

test("a connection without calls is told to go", async (t) => {
  const service = await startTimed(t);
  const raw = await openRaw(service.port);
  await seen(raw, SETTINGS);
  const now = performance.now();
  t.mock.method(performance, "now", () => now + IDLE_MS);
  t.mock.timers.tick(KEEPALIVE_MS);
  await seen(raw, GOAWAY);
  raw.socket.destroy();
});

test("a check that doesn't arrive is denied", async (t) => {
  const service = await startTimed(t);
  const raw = await openRaw(service.port);
  await raw.send(frame(HEADERS, END_HEADERS, 1, callHead()), frame(DATA, 0, 1, nothing.subarray(0, 3)));
  await raw.send(frame(PING, 0, 0, Buffer.alloc(8)));
  await seen(raw, PING, ACK);
  t.mock.timers.tick(PEER_MS + 1_000);
  await seen(raw, HEADERS);
  raw.socket.destroy();
  const reasons = service.logged
    .filter(({ event }) => event === "decision")
    .map(({ detail }) => (detail as { readonly reason?: string }).reason);
  assert.deepEqual(reasons, ["overloaded"]);
});

test("a peer that takes no answer loses its connection", async (t) => {
  const service = await startTimed(t);
  // No message fits into windows of 0.
  const raw = await openRaw(service.port, frame(SETTINGS, 0, 0, Buffer.of(0, 4, 0, 0, 0, 0)));
  await raw.send(frame(HEADERS, END_HEADERS, 1, callHead()), frame(DATA, END_STREAM, 1, nothing));
  await seen(raw, HEADERS);
  t.mock.timers.tick(PEER_MS);
  assert.equal(raw.isClosed(), false);
  t.mock.timers.tick(1_000);
  await closed(raw);
  assert.deepEqual(
    service.logged.map(({ event }) => event),
    ["decision", "connections_cut_off"],
  );
});

test("a connection that says nothing, or half of something, is dropped", async (t) => {
  const service = await startTimed(t);
  for (const [start, ms] of [
    ["", OPENING_MS],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", OPENING_MS],
    ["GET /health HTTP/1.1\r\nhost: a\r\n", PROBE_MS],
  ] as const) {
    const socket = connectTcp(service.port, "127.0.0.1", () => socket.write(start));
    let isClosed = false;
    socket
      .on("error", () => {})
      .on("close", () => {
        isClosed = true;
      });
    // The clock goes on until the bytes have been looked at, and beyond.
    await waitFor("the end", () => {
      t.mock.timers.tick(ms);
      return isClosed || undefined;
    });
  }
});

test("resets don't end the connection that all clients of a proxy share", async (t) => {
  const service = await startService(t, GATEWAY);
  const raw = await openRaw(service.port);
  const cancelled = 10_000;
  for (let index = 0; index < cancelled; index++) {
    const stream = 1 + 2 * index;
    const reset = frame(RST_STREAM, 0, stream, Buffer.of(0, 0, 0, 8));
    await raw.send(frame(HEADERS, END_HEADERS, stream, callHead()), frame(DATA, 0, stream, nothing), reset);
  }
  const last = 1 + 2 * cancelled;
  await raw.send(frame(HEADERS, END_HEADERS, last, callHead()), frame(DATA, END_STREAM, last, nothing));
  await waitFor("the answer", () => raw.frames().some(({ stream }) => stream === last) || undefined);
  assert.equal(
    raw.frames().some(({ type }) => type === GOAWAY),
    false,
  );
  raw.socket.destroy();
});

test("calls that watch the health, of any service, are bounded, and make room when they end", async (t) => {
  const service = await startService(t, GATEWAY);
  const path = "/grpc.health.v1.Health/Watch";
  const question = [nothing, grpcMessage(Buffer.from("\n\u0004none", "latin1"))] as const;
  const watch = (raw: RawHttp2, stream: number): Promise<void> =>
    raw.send(
      frame(HEADERS, END_HEADERS, stream, callHead({ ":path": path })),
      frame(DATA, END_STREAM, stream, question[stream % 4 === 1 ? 0 : 1]),
    );
  const answers = (raw: RawHttp2, type: number): number =>
    raw.frames().filter((each) => each.type === type && each.stream > 0).length;
  const PER_CONNECTION = 1000;
  const raws: RawHttp2[] = [];
  for (let left = roomWithin().connections; left > 0; left -= PER_CONNECTION) {
    const [raw, count] = [await openRaw(service.port), Math.min(left, PER_CONNECTION)];
    raws.push(raw);
    for (let i = 0; i < count; i++) await watch(raw, 2 * i + 1);
    await waitFor("what is watched", () => answers(raw, DATA) === count || undefined);
  }
  const one = await openRaw(service.port);
  await watch(one, 1);
  await waitFor("the end of one too many", () => answers(one, HEADERS) > 0 || undefined);
  assert.ok(one.frames().some(({ type, flags }) => type === HEADERS && (flags & END_STREAM) !== 0));

  raws[0]?.socket.destroy();
  await waitFor("room", async () => {
    const another = await openRaw(service.port);
    await watch(another, 1);
    await waitFor("an answer", () => answers(another, HEADERS) === 1 || undefined);
    const isWatching = answers(another, DATA) === 1;
    if (!isWatching) another.socket.destroy();
    return isWatching || undefined;
  });
});

test("the health port shows metrics, the port of the checks doesn't", async (t) => {
  const service = await startService(t, GATEWAY);
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  await authorizer.check({});
  const response = await fetch(`http://127.0.0.1:${service.healthPort}/metrics`);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const page = await response.text();
  for (const line of [
    "tenuo_connections 1",
    "tenuo_checks_inflight 0",
    "tenuo_connections_refused_total 0",
    "tenuo_checks_overloaded_total 0",
  ]) {
    assert.ok(page.includes(`\n${line}\n`), line);
  }
  assert.match(page, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.match(page, /^process_resident_memory_bytes /m);
  assert.equal((await fetch(`http://127.0.0.1:${service.port}/metrics`)).status, 404);
});

test("who asks for pages without waiting for answers is sent away, and who waits may go on asking", async (t) => {
  const { port, healthPort = 0 } = await startService(t, GATEWAY);
  const ask = (at: number, requests: number): Promise<string> =>
    new Promise((resolve) => {
      let received = "";
      const socket = connectTcp(at, "127.0.0.1", () =>
        socket.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n".repeat(requests)),
      );
      socket.on("data", (bytes) => {
        received += bytes;
      });
      socket.on("error", () => {}).on("close", () => resolve(received));
    });
  for (const at of [port, healthPort]) {
    const answers = (await ask(at, 1000)).match(/HTTP\/1\.1 200/g) ?? [];
    assert.ok(answers.length <= MAX_WAITING_REQUESTS, `${answers.length} answers`);
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 5 * MAX_WAITING_REQUESTS; i++) {
    const [response] = (await once(get({ port: healthPort, path: "/health", agent }), "response")) as [
      IncomingMessage,
    ];
    assert.equal(response.statusCode, 200);
    ports.add(response.socket.localPort);
    await once(response.resume(), "end");
  }
  assert.equal(ports.size, 1, "on one connection");
});
