import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { oneTool } from "../support/asking.ts";
import {
  callHead,
  END_HEADERS,
  frame,
  GOAWAY,
  HEADERS,
  openRaw,
  SETTINGS,
  takeFrames,
} from "../support/raw-http2.ts";
import { type Service, startServe, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const GATEWAY = oneTool(newKey());
const WATCH = callHead({ ":path": "/grpc.health.v1.Health/Watch" });

function told({ logged }: Service, event: string): unknown {
  return logged.find((line) => line.event === event)?.detail;
}

async function check(port: number): Promise<boolean> {
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  try {
    return (await authorizer.check({})).deniedResponse != null;
  } finally {
    authorizer.close();
  }
}

test("a proxy that connects while the service drains is served, also where none was connected before", async (t) => {
  const service = await startService(t, GATEWAY, { drainSeconds: 1 });
  const drained = service.drain();
  assert.equal(await check(service.port), true);
  await sleep(500);
  assert.equal(await check(service.port), true);
  await drained;
  await assert.rejects(check(service.port), /ECONNREFUSED/);
});

test("each phase of the drain is told, with the connections and calls it finds", async (t) => {
  const service = await startService(t, GATEWAY, { drainSeconds: 1 });
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  await authorizer.check({});
  await service.drain();
  assert.deepEqual(told(service, "stopping"), { drain_seconds: 1, connections: 1 });
  assert.deepEqual(told(service, "drained"), { connections: 1, calls: 0 });
  assert.deepEqual(told(service, "stopped"), { connections_cut_off: 0, calls_cut_off: 0 });
});

test("whoever watches the health is told, and holds up the end no more than an idle connection", async (t) => {
  const service = await startService(t, GATEWAY);
  const raw = await openRaw(service.port);
  await raw.send(
    frame(HEADERS, END_HEADERS, 1, WATCH),
    frame(0, 1, 1, Buffer.alloc(5)),
    frame(HEADERS, END_HEADERS, 3, WATCH),
    frame(0, 1, 3, Buffer.alloc(5)),
  );
  await waitFor(
    "both answers",
    () => raw.frames().filter(({ type, stream }) => type === 0 && stream > 0).length === 2 || undefined,
  );
  await service.drain();
  await waitFor("the end", () => raw.isClosed() || undefined);
  assert.deepEqual(told(service, "stopped"), { connections_cut_off: 0, calls_cut_off: 0 });
  const statuses = raw.frames().filter(({ type, stream }) => type === 0 && stream === 1);
  assert.equal(statuses[1]?.payload.at(-1), 2, "NOT_SERVING");
});

test("a proxy that has just connected when the port closes is told to go, instead of being cut off", async (t) => {
  const service = await startService(t, GATEWAY);
  const raw = connect(service.port, "127.0.0.1");
  await once(raw, "connect");
  await sleep(50);
  const drained = service.drain();
  await waitFor("the port to close", async () => told(service, "drained"));
  const received: Buffer[] = [];
  raw.on("data", (chunk: Buffer) => received.push(chunk));
  raw.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(SETTINGS, 0, 0)]));
  await once(raw, "close");
  await drained;
  const types = new Set<number>();
  takeFrames(Buffer.concat(received), ({ type }) => types.add(type));
  assert.ok(types.has(GOAWAY), [...types].join());
});

test("a call that never ends, and a peer that goes on asking, don't hold up the end for ever", async (t) => {
  const service = await startService(t, GATEWAY);
  const raw = await openRaw(service.port);
  await raw.send(frame(HEADERS, END_HEADERS, 1, callHead()));
  await sleep(100);
  const drained = service.drain();
  let next = 3;
  const asking = setInterval(() => {
    void raw.send(frame(HEADERS, END_HEADERS, next, callHead()));
    next += 2;
  }, 50);
  t.after(() => clearInterval(asking));
  await drained;
  clearInterval(asking);
  const { connections_cut_off: connections, calls_cut_off: calls } = told(service, "stopped") as {
    readonly connections_cut_off: number;
    readonly calls_cut_off: number;
  };
  assert.equal(connections, 1);
  assert.ok(calls >= 1);
});

test("a second signal ends it at once", async (t) => {
  const service = await startServe(t, GATEWAY, { args: ["--drain-seconds", "600"] });
  process.kill(service.pid, "SIGTERM");
  await waitFor("the drain", () => service.lines().find(({ event }) => event === "stopping"));
  await service.stop();
  assert.equal(
    service.lines().find(({ event }) => event === "drained"),
    undefined,
  );
});
