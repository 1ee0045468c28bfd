import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SMALL_HEAP } from "../../src/cli/process-memory.ts";
import {
  callHeaders,
  type Figures,
  keepAsking,
  oneTool,
  overGrpc,
  type Question,
  told,
} from "../support/asking.ts";
import { freePort } from "../support/free-port.ts";
import { metric } from "../support/metric.ts";
import { ownIssuer } from "../support/own.ts";
import { startProgram } from "../support/program.ts";
import { residentBytes } from "../support/resident.ts";
import { type Serving, startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const call = { tool: "t", args: {} };
const mint = (key = root) => ownIssuer.mint(key, { holder: agent, tools: { t: {} }, ttl: 3600 });
const [good, strange] = await Promise.all([mint(), mint(newKey())]);
const questions: readonly Question[] = [
  { name: "good", target: "/t", headers: callHeaders(good, agent, call), expected: ["allow"] },
  { name: "strange", target: "/t", headers: callHeaders(strange, agent, call), expected: ["untrusted_root"] },
];

const GATEWAY = oneTool(root);

const CHECK = {
  ":method": "POST",
  ":path": "/envoy.service.auth.v3.Authorization/Check",
  "content-type": "application/grpc",
  te: "trailers",
};
/** A whole gRPC message: an empty CheckRequest. */
const EMPTY_CHECK = Buffer.alloc(5);
/** What an Envoy's circuit breaker lets through at once, unless told otherwise. */
const ENVOY_REQUESTS = 1024;
const CANCEL = constants.NGHTTP2_CANCEL;

function megabytes({ pid }: Serving): number {
  return Math.round(residentBytes(pid) / 2 ** 20);
}

function session(t: TestContext, { port }: Serving): ClientHttp2Session {
  const opened = connectHttp2(`http://127.0.0.1:${port}`);
  opened.on("error", () => {});
  t.after(() => opened.destroy());
  return opened;
}

/** A request may be told that there are too many of them; that holds it, and lets nothing pass. */
function assertRight(t: TestContext, what: string, figures: Figures): void {
  t.diagnostic(`${what}: ${told(figures)}`);
  assert.deepEqual(figures.wrong, []);
  assert.ok(figures.asked - figures.errors - figures.overloaded > 0, "others were served");
}

const NOT_CANCELLED = 100;

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}

/** Must be over well before a deployment would kill it. */
async function assertStopsInTime(t: TestContext, service: Serving): Promise<void> {
  const started = performance.now();
  await service.stop();
  const took = performance.now() - started;
  t.diagnostic(`stopped in ${Math.round(took)} ms`);
  assert.ok(took < 20_000);
}

test("10 000 calls cancelled by gRPC clients leave the verdicts of others right, also on the same connection", async (t) => {
  const service = await startServe(t, GATEWAY);
  const asking = keepAsking(t, overGrpc(service.port), questions);
  const started = performance.now();
  const ends = new Map<string, number>();
  const shared = session(t, service);
  for (let i = 0; i < 10_000; i++) {
    const stream = shared.request(CHECK);
    stream.on("error", () => {});
    if (i % (10_000 / NOT_CANCELLED) === 0) {
      // One that isn't cancelled, among those that are.
      let bytes = 0;
      stream.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on("close", () => {
        const end = bytes > EMPTY_CHECK.length ? "answered" : `ended by code ${stream.rstCode}`;
        ends.set(end, (ends.get(end) ?? 0) + 1);
      });
      stream.end(EMPTY_CHECK);
      continue;
    }
    if (i % 3 > 0) stream.end(EMPTY_CHECK);
    if (i % 3 < 2) stream.close(CANCEL);
    else setTimeout(() => stream.close(CANCEL), 2);
    if (i % 50 === 49) await sleep(1);
  }
  const seconds = (performance.now() - started) / 1000;
  await waitFor("the others to end", () => sum(ends.values()) === NOT_CANCELLED || undefined);
  const figures = await asking.stop();
  const others = JSON.stringify(Object.fromEntries(ends));
  t.diagnostic(`10 000 calls in ${seconds.toFixed(1)} s; ${NOT_CANCELLED} of them not cancelled: ${others}`);
  assertRight(t, `${megabytes(service)} MiB`, figures);
  // One that comes while too many resets aren't cleared away is refused, but the connection stays.
  const refused = `ended by code ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`;
  assert.deepEqual(
    [...ends.keys()].filter((end) => end !== "answered" && end !== refused),
    [],
  );
  assert.ok(ends.has("answered"), others);
  await assertStopsInTime(t, service);
});

test("clients that vanish without a word, or never read, cost a bounded memory and never hold up the end", async (t) => {
  const service = await startServe(t, GATEWAY);
  const asking = keepAsking(t, overGrpc(service.port), questions);
  await sleep(300);
  const before = megabytes(service);
  for (let i = 0; i < 50; i++) {
    // Ones that begin and never go on: nothing, a preface, half a request of HTTP/1.1.
    const start = ["", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /hea"][i % 3] ?? "";
    const silent = connect(service.port, "127.0.0.1", () => silent.write(start)).on("error", () => {});
    t.after(() => silent.destroy());
    // Others ask, leave the message open, and are never heard of again.
    const half = session(t, service);
    for (let n = 0; n < 20; n++)
      half
        .request(CHECK)
        .on("error", () => {})
        .write(EMPTY_CHECK.subarray(0, 3));
  }
  // And some ask for as much as they may, and take none of the answers.
  for (let i = 0; i < 10; i++) {
    const deaf = session(t, service);
    deaf.on("connect", (_session, socket) => socket.pause());
    for (let n = 0; n < 500; n++)
      deaf
        .request(CHECK)
        .on("error", () => {})
        .end(EMPTY_CHECK);
  }
  await sleep(4_000);
  const after = megabytes(service);
  const figures = await asking.stop();
  assertRight(t, `110 connections that are dead, ${before} → ${after} MiB`, figures);
  assert.ok(after - before < 300, `${before} → ${after} MiB`);
  await assertStopsInTime(t, service);
});

test("peers that never read lose their connections before memory runs out, and others keep theirs", async (t) => {
  const healthPort = await freePort();
  const env = { NODE_OPTIONS: SMALL_HEAP.join(" "), TENUO_HEALTH_PORT: String(healthPort) };
  const service = await startServe(t, GATEWAY, { env });
  const asking = keepAsking(t, overGrpc(service.port), questions);
  const cutOff = () => metric(healthPort, "tenuo_connections_cut_off_total");
  const longHost = "a".repeat(7_000);
  for (let i = 0; i < 60; i++) {
    const deaf = session(t, service);
    deaf.on("connect", (_session, socket) => socket.pause());
    for (let n = 0; n < 1000; n++) {
      const stream = deaf.request({ ...CHECK, ":authority": longHost }).on("error", () => {});
      // Checks whose answer nobody takes, and ones that never arrive whole.
      if (i % 2 === 0) stream.end(EMPTY_CHECK);
      else stream.write(EMPTY_CHECK.subarray(0, 3));
    }
    await sleep(20);
  }
  await waitFor("most to be cut off", async () => (await cutOff()) > 50 || undefined);
  const figures = await asking.stop();
  assertRight(t, `60 000 calls, ${megabytes(service)} MiB`, figures);
  assert.equal(figures.errors, 0);
  await waitFor(
    "the log",
    () => service.lines().some(({ event }) => event === "connections_cut_off") || undefined,
  );
  await assertStopsInTime(t, service);
});

test("proxies that send at once all that Envoy lets through keep their connections, and have all answers", async (t) => {
  const healthPort = await freePort();
  const env = { NODE_OPTIONS: SMALL_HEAP.join(" "), TENUO_HEALTH_PORT: String(healthPort) };
  const service = await startServe(t, GATEWAY, { env });
  const sessions = [session(t, service), session(t, service), session(t, service)];
  await Promise.all(sessions.map((each) => once(each, "remoteSettings")));
  let answers = 0;
  for (let round = 0; round < 5; round++) {
    const calls = sessions.flatMap((each) =>
      Array.from({ length: ENVOY_REQUESTS }, async () => {
        const stream = each.request(CHECK);
        stream.once("data", () => answers++);
        stream.end(EMPTY_CHECK);
        await once(stream.resume(), "close");
      }),
    );
    await Promise.all(calls);
  }
  assert.equal(answers, 5 * sessions.length * ENVOY_REQUESTS);
  assert.equal(await metric(healthPort, "tenuo_connections_cut_off_total"), 0);
});

/** Asks without end on one connection, with fifty calls under way, and writes a dot for each answer. */
const ASKER = `
const session = require("node:http2").connect("http://127.0.0.1:" + process.argv[1]);
const ask = () => {
  const stream = session.request(${JSON.stringify(CHECK)});
  stream.once("data", () => process.stdout.write("."));
  stream.on("close", ask).resume().end(Buffer.alloc(${EMPTY_CHECK.length}));
};
for (let i = 0; i < 50; i++) ask();
`;

test("client processes that are frozen amid their calls hold up nobody, and go on once thawed", async (t) => {
  const service = await startServe(t, GATEWAY);
  const asking = keepAsking(t, overGrpc(service.port), questions);
  const clients = Array.from({ length: 3 }, () =>
    startProgram(process.execPath, ["-e", ASKER, String(service.port)]),
  );
  t.after(() => Promise.all(clients.map((client) => client.stop("SIGKILL"))));
  const tell = (signal: NodeJS.Signals) => {
    for (const { pid } of clients) process.kill(pid ?? 0, signal);
  };
  const answers = () => clients.map((client) => client.output().length);
  const haveMoreThan = (before: readonly number[]) =>
    waitFor(
      "answers for each client",
      () => answers().every((count, i) => count > (before[i] ?? 0) + 100) || undefined,
    );
  await haveMoreThan([]);
  for (let round = 0; round < 3; round++) {
    tell("SIGSTOP");
    const { asked } = asking.figures();
    await sleep(500);
    assert.ok(asking.figures().asked > asked, "others are served meanwhile");
    const before = answers();
    tell("SIGCONT");
    await haveMoreThan(before);
  }
  tell("SIGSTOP");
  await sleep(100);
  assertRight(t, `frozen four times, ${answers().join(" + ")} answers`, await asking.stop());
  await assertStopsInTime(t, service);
});
