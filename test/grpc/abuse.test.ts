import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { CHECK_PATH } from "../../src/server/grpc/grpc-server.ts";
import { decodeResponse, serializeCheck } from "../support/check-request.ts";
import { freePort } from "../support/free-port.ts";
import { metric } from "../support/metric.ts";
import { ownIssuer } from "../support/own.ts";
import {
  CONTINUATION,
  callHead,
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  GOAWAY,
  grpcMessage,
  HEADERS,
  headerBlock,
  openRaw,
  PING,
  PRIORITY,
  type RawHttp2,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from "../support/raw-http2.ts";
import { startServe, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const gatewayYaml = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {read: {}}
routes: [{pattern: /read, tool: read}]
`;
const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read: {} }, ttl: 3600 });
const proof = await ownIssuer.proof(warrant, agent, { tool: "read", args: {} });
const http = {
  ...{ method: "GET", path: "/read", host: "api", protocol: "HTTP/1.1" },
  headers: { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof },
};
const check = grpcMessage(serializeCheck(http));

/** An empty CheckRequest; a peer that ignores windows may send only so many bytes. */
const nothing = grpcMessage(Buffer.alloc(0));

/** Each client call takes the next odd number. */
const streamAt = (index: number): number => 1 + 2 * index;
const open = (stream: number, flags = END_HEADERS): Buffer => frame(HEADERS, flags, stream, callHead());
const cancel = (stream: number): Buffer => frame(RST_STREAM, 0, stream, Buffer.of(0, 0, 0, 8));

/** Sends `count` times what `make` makes, a thousand at once. */
async function flood(raw: RawHttp2, count: number, make: (index: number) => Buffer): Promise<void> {
  for (let start = 0; start < count && !raw.isClosed(); start += 1000) {
    await raw.send(...Array.from({ length: 1000 }, (_, index) => make(start + index)));
  }
}

/** What each does to a connection of its own; afterwards the connection is dropped. */
const ATTACKS: Readonly<Record<string, (port: number) => Promise<void>>> = {
  "rapid reset: calls that are cancelled at once": onRaw((raw) =>
    flood(raw, 20_000, (index) => Buffer.concat([open(streamAt(index)), cancel(streamAt(index))])),
  ),
  "rapid reset of whole checks": onRaw((raw) =>
    flood(raw, 5_000, (index) => {
      const stream = streamAt(index);
      return Buffer.concat([open(stream), frame(DATA, END_STREAM, stream, nothing), cancel(stream)]);
    }),
  ),
  "a flood of pings": onRaw((raw) => flood(raw, 100_000, () => frame(PING, 0, 0, Buffer.alloc(8)))),
  "a flood of settings": onRaw((raw) => flood(raw, 100_000, () => frame(SETTINGS, 0, 0))),
  "a flood of window updates": onRaw(async (raw) => {
    await raw.send(open(1));
    await flood(raw, 100_000, () => frame(WINDOW_UPDATE, 0, 1, Buffer.of(0, 0, 0, 1)));
  }),
  "a flood of priorities": onRaw((raw) =>
    flood(raw, 100_000, (index) => frame(PRIORITY, 0, streamAt(index), Buffer.of(0, 0, 0, 0, 1))),
  ),
  "headers that go on for ever": onRaw(async (raw) => {
    await raw.send(frame(HEADERS, 0, 1, callHead()));
    const more = headerBlock(Array.from({ length: 100 }, (_, index) => [`x-${index}`, "a".repeat(100)]));
    for (let index = 0; index < 5_000 && !raw.isClosed(); index++)
      await raw.send(frame(CONTINUATION, 0, 1, more));
  }),
  "headers without a name": onRaw((raw) =>
    flood(raw, 1_000, (index) => {
      const block = Buffer.concat([callHead(), headerBlock([["", ""]])]);
      return frame(HEADERS, END_HEADERS | END_STREAM, streamAt(index), block);
    }),
  ),
  "headers that unfold to megabytes": onRaw(async (raw) => {
    // One line of 4000 bytes goes into the table; each further byte repeats it.
    const value = Buffer.concat([
      Buffer.of(0x40, 1),
      Buffer.from("x"),
      Buffer.of(0x7f, 0xa1, 0x1e),
      Buffer.alloc(4000, 97),
    ]);
    const block = Buffer.concat([callHead(), value, Buffer.alloc(10_000, 0x80 | 62)]);
    await flood(raw, 1_000, (index) => frame(HEADERS, END_HEADERS, streamAt(index), block));
  }),
  "a flood of empty data": onRaw(async (raw) => {
    await raw.send(open(1));
    await flood(raw, 100_000, () => frame(DATA, 0, 1));
  }),
  "a message in single bytes": onRaw(async (raw) => {
    await raw.send(open(1), frame(DATA, 0, 1, grpcMessage(Buffer.alloc(0), 0, 1_000_000)));
    await flood(raw, 50_000, () => frame(DATA, 0, 1, Buffer.of(0)));
  }),
  "as many calls as fit that promise a message": onRaw(async (raw) => {
    const prefix = grpcMessage(Buffer.alloc(1), 0, 50 * 1024 * 1024);
    await flood(raw, 2_000, (index) =>
      Buffer.concat([open(streamAt(index)), frame(DATA, 0, streamAt(index), prefix)]),
    );
  }),
  "answers that nobody reads": onRaw(
    async (raw) => {
      raw.socket.pause();
      await flood(raw, 5_000, (index) =>
        Buffer.concat([open(streamAt(index)), frame(DATA, END_STREAM, streamAt(index), nothing)]),
      );
    },
    frame(SETTINGS, 0, 0, Buffer.of(0, 4, 0, 0, 0, 0)),
  ),
  "a thousand connections that say nothing, or half of something": async (port) => {
    const starts = ["", "P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /hea", "\x16\x03\x01"];
    const sockets = Array.from({ length: 1000 }, (_, index) => {
      const socket = connectTcp(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(starts[index % starts.length] ?? "");
      return socket;
    });
    await sleep(300);
    for (const socket of sockets) socket.destroy();
  },
  "a thousand idle connections": async (port) => {
    const idle = await Promise.all(Array.from({ length: 1000 }, () => openRaw(port)));
    await sleep(300);
    for (const { socket } of idle) socket.destroy();
  },
  "bytes that are no frames": onRaw((raw) => flood(raw, 1_000, (index) => Buffer.alloc(100, index))),
};

function onRaw(attack: (raw: RawHttp2) => Promise<void>, settings?: Buffer): (port: number) => Promise<void> {
  return async (port) => {
    const raw = await openRaw(port, settings);
    await attack(raw);
    await sleep(100);
    raw.socket.destroy();
  };
}

const ALLOWED = 0;
/** `overloaded`: no verdict on the check, and not an allow. */
const UNAVAILABLE = 14;

/** Asks a check that is to be allowed, over and over. @returns how many were, and how many weren't judged */
async function askUntil(authorizer: Authorizer, isOver: () => boolean) {
  let allowed = 0;
  let overloaded = 0;
  do {
    const { status } = await authorizer.check({ attributes: { request: { http } } });
    if (status?.code === ALLOWED) allowed++;
    else if (status?.code === UNAVAILABLE) overloaded++;
    else assert.fail(`a verdict of ${status?.code}`);
  } while (!isOver());
  return { allowed, overloaded };
}

type Authorizer = ReturnType<typeof connectAuthorization>;

/** Far more than the service takes in peace, and far less than what the attacks send or promise. */
const MAX_MEMORY_BYTES = 700 * 1024 * 1024;

test("whatever a peer does to HTTP/2, others are served meanwhile and nothing of it stays", async (t) => {
  const healthPort = await freePort();
  const service = await startServe(t, gatewayYaml, { env: { TENUO_HEALTH_PORT: String(healthPort) } });
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  await authorizer.check({});
  for (const [name, attack] of Object.entries(ATTACKS)) {
    await t.test(name, async () => {
      let isOver = false;
      const asked = askUntil(authorizer, () => isOver);
      await attack(service.port);
      isOver = true;
      const { allowed, overloaded } = await asked;
      await waitFor("the connections to be gone", async () =>
        (await metric(healthPort, "tenuo_connections")) === 1 ? true : undefined,
      );
      await waitFor("the work to be done", async () =>
        (await metric(healthPort, "tenuo_checks_inflight")) === 0 ? true : undefined,
      );
      assert.deepEqual(await askUntil(authorizer, () => true), { allowed: 1, overloaded: 0 });
      const memory = await metric(healthPort, "process_resident_memory_bytes");
      assert.ok(memory < MAX_MEMORY_BYTES, `${memory} bytes`);
      t.diagnostic(
        `${name}: ${allowed} allowed and ${overloaded} overloaded meanwhile, ${Math.round(memory / 1e6)} MB`,
      );
    });
  }
  assert.deepEqual(
    service.lines().filter(({ event }) => event === "fault"),
    [],
  );
});

interface Call {
  readonly head?: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A call as HTTP/2 allows it. @returns the status of HTTP, of gRPC, and of the verdict */
async function call(session: ClientHttp2Session, { head: changes = {}, body }: Call) {
  const head = {
    ...{ ":method": "POST", ":path": CHECK_PATH, "content-type": "application/grpc", te: "trailers" },
    ...changes,
  };
  const stream = session.request(head, { endStream: false });
  const chunks: Buffer[] = [];
  let status: number | undefined;
  let grpcStatus: unknown;
  const note = (lines: IncomingHttpHeaders): void => {
    status ??= Number(lines[":status"]);
    grpcStatus ??= lines["grpc-status"];
  };
  stream
    .on("response", note)
    .on("trailers", note)
    .on("error", () => {});
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.end(body);
  await once(stream, "close");
  const answer = Buffer.concat(chunks);
  const verdict =
    answer.length === 0 ? undefined : decodeResponse(answer.subarray(5)).deniedResponse?.status?.code;
  return [status, grpcStatus, verdict] as const;
}

const DENIED = { unreadable: [200, "0", 400], tooLarge: [200, "0", 413] } as const;

const CALLS: Readonly<Record<string, Call & { readonly expected: readonly unknown[] }>> = {
  "no message": { body: Buffer.alloc(0), expected: DENIED.unreadable },
  "half a prefix": { body: Buffer.of(0, 0), expected: DENIED.unreadable },
  "a message shorter than its length": { body: grpcMessage(check, 0, 9999), expected: DENIED.unreadable },
  "a message longer than its length": { body: grpcMessage(check, 0, 3), expected: DENIED.unreadable },
  "two messages": { body: Buffer.concat([check, check]), expected: DENIED.unreadable },
  "a message that says it is compressed": {
    body: grpcMessage(check.subarray(5), 1),
    expected: DENIED.unreadable,
  },
  "a compressed message": {
    head: { "grpc-encoding": "gzip" },
    body: grpcMessage(gzipSync(check.subarray(5)), 1),
    expected: DENIED.unreadable,
  },
  "a flag of no meaning": { body: grpcMessage(check.subarray(5), 7), expected: DENIED.unreadable },
  "a promise of 100 MiB": {
    body: grpcMessage(Buffer.alloc(1), 0, 100 * 1024 * 1024),
    expected: DENIED.tooLarge,
  },
  GET: { head: { ":method": "GET" }, body: check, expected: [405, undefined, undefined] },
  "another media type": {
    head: { "content-type": "application/json" },
    body: check,
    expected: [415, undefined, undefined],
  },
  "gRPC for browsers": {
    head: { "content-type": "application/grpc-web" },
    body: check,
    expected: [415, undefined, undefined],
  },
  "an unknown method": {
    head: { ":path": "/envoy.service.auth.v3.Authorization/Allow" },
    body: check,
    expected: [200, "12", undefined],
  },
  "the path in other letters": {
    head: { ":path": CHECK_PATH.toLowerCase() },
    body: check,
    expected: [200, "12", undefined],
  },
};

test("a call that isn't one whole check is denied, and not answered with an error of gRPC", async (t) => {
  const service = await startService(t, gatewayYaml);
  const session = connect(`http://127.0.0.1:${service.port}`);
  t.after(() => session.destroy());
  for (const [name, { expected, ...asked }] of Object.entries(CALLS)) {
    assert.deepEqual(await call(session, asked), expected, name);
  }
});

test("no time limit of a caller, however odd, changes the verdict of a check that is judged in time", async (t) => {
  const service = await startService(t, gatewayYaml);
  const session = connect(`http://127.0.0.1:${service.port}`);
  t.after(() => session.destroy());
  for (const timeout of ["99999999H", "1H", "", "S", "-1S", "1 S", "999999999S", "1X", "soon", "1S,2S"]) {
    const answered = await call(session, { head: { "grpc-timeout": timeout }, body: check });
    assert.deepEqual(answered, [200, "0", undefined], timeout);
  }
  assert.deepEqual(await call(session, { head: { "grpc-timeout": "0n" }, body: check }), [200, "0", 503]);
});

test("a connection that is too old is ended without a lost check", async (t) => {
  const healthPort = await freePort();
  const service = await startServe(t, gatewayYaml, {
    args: ["--max-connection-age", "1"],
    env: { TENUO_HEALTH_PORT: String(healthPort) },
  });
  const raw = await openRaw(service.port);
  // Its own settings, and it has read ours.
  await raw.send(frame(SETTINGS, 1, 0));
  let asked = 0;
  const ask = (): Promise<void> => {
    const stream = streamAt(asked++);
    return raw.send(open(stream), frame(DATA, END_STREAM, stream, check));
  };
  const notices = () => raw.frames().filter(({ type }) => type === GOAWAY);
  let isLateAsked = false;
  raw.socket.on("data", () => {
    if (isLateAsked || notices().length === 0) return;
    isLateAsked = true;
    void ask();
  });
  await waitFor("the end of the connection", async () => {
    if (notices().length === 0) await ask();
    return raw.isClosed() || undefined;
  });
  // The first notice ends no call; the last one names the last call that is answered, and a client repeats the others.
  const lastTaken = notices().map(({ payload }) => payload.readUInt32BE(0));
  assert.equal(lastTaken[0], 0x7fffffff);
  const taken = Array.from({ length: asked }, (_, i) => streamAt(i)).filter(
    (id) => id <= (lastTaken.at(-1) ?? 0),
  );
  const ended = raw.frames().filter(({ type, flags }) => type === HEADERS && (flags & END_STREAM) !== 0);
  assert.deepEqual(
    ended.map(({ stream }) => stream).toSorted((a, b) => a - b),
    taken,
  );
  t.diagnostic(`${asked} asked, ${taken.length} taken`);
});
