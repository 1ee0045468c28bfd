import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { Client, credentials as clientCredentials, Metadata } from "@grpc/grpc-js";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import type { Log } from "../../src/server/log/log.ts";
import { startTracer } from "../../src/server/trace/trace.ts";
import { readTraceSettings } from "../../src/server/trace/trace-settings.ts";
import { serializeCheck } from "../support/check-request.ts";
import {
  attributesOf,
  type Collector,
  type ReceivedSpan,
  startCollector,
  withoutCollector,
} from "../support/collector.ts";
import { ownIssuer } from "../support/own.ts";
import { type Serving, startServe } from "../support/service.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const holder = newKey();
const GATEWAY = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {read_file: {constraints: {path: {from: path, path: path, required: true}}}}
routes:
  - {pattern: "/files/{path}", method: GET, tool: read_file}
  - {pattern: "/watched/{path}", method: GET, tool: read_file, mode: audit}
`;
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

type Headers = Readonly<Record<string, string>>;

async function credentials(path: string): Promise<Headers> {
  const warrant = await ownIssuer.mint(root, { holder, tools: { read_file: { path: { pattern: "re*" } } } });
  const proof = await ownIssuer.proof(warrant, holder, { tool: "read_file", args: { path } });
  return { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof };
}

/** `serve` that sends spans to this collector, or to whatever else the variables say. */
function startTracing(
  t: TestContext,
  collector: Pick<Collector, "http">,
  env: Headers = {},
): Promise<Serving> {
  return startServe(t, GATEWAY, {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.http}`, ...env },
  });
}

/** Asks one after another. @returns whether each was let through */
async function ask(
  { port }: Serving,
  questions: readonly { readonly path: string; readonly headers?: Headers }[],
): Promise<readonly boolean[]> {
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  const passed: boolean[] = [];
  for (const { path, headers = {} } of questions) {
    const http = { method: "GET", path, host: "api.test", headers };
    const { okResponse } = await authorizer.check({ attributes: { request: { http } } });
    passed.push(okResponse != null);
  }
  authorizer.close();
  return passed;
}

/** One check with metadata of the call's own, as a proxy with a tracer sends it. */
async function callWith(port: number, metadata: Headers, message: Buffer): Promise<void> {
  const client = new Client(`127.0.0.1:${port}`, clientCredentials.createInsecure());
  const sent = new Metadata();
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  await new Promise<void>((resolve, reject) => {
    const path = "/envoy.service.auth.v3.Authorization/Check";
    const same = (bytes: Buffer): Buffer => bytes;
    client.makeUnaryRequest(path, same, same, message, sent, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  client.close();
}

function parent(flags: string): Headers {
  return { traceparent: `00-${TRACE}-${SPAN}-${flags}` };
}

/** Nothing of these is the same in two runs. */
function withoutOwnIds({ traceId: _, spanId, startTimeUnixNano, endTimeUnixNano, ...span }: ReceivedSpan) {
  const { "tenuo.request_id": requestId, "tenuo.warrant_id": warrantId, ...rest } = attributesOf(span);
  assert.match(spanId, /^[0-9a-f]{16}$/);
  assert.match(String(requestId), /^req_[0-9a-f]{32}$/);
  if (warrantId !== undefined) assert.match(String(warrantId), /^tnu_wrt_/);
  return { ...span, attributes: rest };
}

test("each check is a span of the request's trace, with the facts and nothing of the request", {
  skip: withoutCollector,
}, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector, { OTEL_RESOURCE_ATTRIBUTES: "deployment=a%2Cb" });
  const before = process.hrtime.bigint();
  const startedAt = BigInt(Date.now()) * 1_000_000n;
  const report = await credentials("report");
  const passed = await ask(service, [
    { path: "/files/report?q=1", headers: { ...report, ...parent("01"), tracestate: "vendor=1,other=2" } },
    { path: "/files/secret?q=1", headers: { ...(await credentials("secret")), ...parent("01") } },
    { path: "/watched/report", headers: parent("01") },
  ]);
  assert.deepEqual(passed, [true, false, true]);
  await service.stop();
  const took = process.hrtime.bigint() - before;

  const spans = await collector.spans(3);
  const common = {
    parentSpanId: SPAN,
    name: "envoy.service.auth.v3.Authorization/Check",
    kind: "SPAN_KIND_SERVER",
    status: {},
  };
  const call = { "rpc.system.name": "grpc", "rpc.method": "envoy.service.auth.v3.Authorization/Check" };
  const seen = spans.map(({ flags: _, ...span }: ReceivedSpan & { readonly flags?: number }) => span);
  assert.deepEqual(seen.map(withoutOwnIds), [
    {
      ...{ ...common, traceState: "vendor=1,other=2" },
      attributes: {
        ...{ ...call, "tenuo.decision": "allow", "tenuo.mode": "enforce" },
        ...{ "tenuo.tool": "read_file", "tenuo.chain_depth": 0 },
      },
    },
    {
      ...common,
      attributes: {
        ...{ ...call, "tenuo.decision": "deny", "tenuo.mode": "enforce" },
        ...{ "tenuo.reason": "constraint_violation", "tenuo.tool": "read_file", "tenuo.chain_depth": 0 },
      },
    },
    {
      ...common,
      attributes: {
        ...{ ...call, "tenuo.decision": "would_deny", "tenuo.mode": "audit" },
        ...{ "tenuo.reason": "missing_warrant", "tenuo.tool": "read_file" },
      },
    },
  ]);
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([TRACE]));
  assert.equal(
    attributesOf(spans[0] as ReceivedSpan)["tenuo.warrant_id"],
    await ownIssuer.identifier(report["x-tenuo-warrant"] ?? ""),
  );
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    const [start, end] = [BigInt(startTimeUnixNano), BigInt(endTimeUnixNano)];
    // The clock of this process is read in milliseconds.
    assert.ok(startedAt - 3_000_000n <= start && start < end && end <= startedAt + took + 3_000_000n);
  }

  const [first] = collector.exports();
  const { "telemetry.sdk.version": _, ...resource } = attributesOf(first?.resource ?? { attributes: [] });
  assert.deepEqual(resource, {
    "service.name": "tenuo-ext-authz",
    "service.version": service.listening["version"],
    deployment: "a,b",
    "telemetry.sdk.language": "nodejs",
    "telemetry.sdk.name": "opentelemetry",
  });
  const sent = JSON.stringify(collector.exports());
  for (const secret of [report["x-tenuo-warrant"], report["x-tenuo-pop"], "secret", "report", "q=1"])
    assert.ok(!sent.includes(String(secret)), secret);
});

test("a request without a parent begins a trace, which the log names", {
  skip: withoutCollector,
}, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector);
  const forged = [`ff-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01,00-${TRACE}-${SPAN}-01`, "garbage"];
  await ask(service, [
    { path: "/files/a" },
    ...forged.map((traceparent) => ({ path: "/files/a", headers: { traceparent, tracestate: "a=1" } })),
  ]);
  const lines = (await service.stop()).map((line) => JSON.parse(line));
  const spans = await collector.spans(4);
  assert.deepEqual(
    spans.map(({ parentSpanId, traceState }) => [parentSpanId, traceState]),
    Array(4).fill(["", undefined]),
  );
  const traces = spans.map(({ traceId }) => traceId);
  assert.equal(new Set([...traces, TRACE]).size, 5);
  const named = lines.filter(({ event }) => event === "authorization_denied").map((line) => line.trace_id);
  assert.deepEqual(named, traces);
});

test("a request without a parent is part of the call's trace, sampled as that is", {
  skip: withoutCollector,
}, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector);
  const other = "1af7651916cd43dd8448eb211c80319c";
  const http = { method: "GET", path: "/files/a" };
  for (const [metadata, headers] of [
    [{ traceparent: `00-${other}-${SPAN}-01`, tracestate: "proxy=1" }, {}],
    [{ traceparent: `00-${other}-${SPAN}-00` }, {}],
    [{ traceparent: `00-${other}-${SPAN}-01` }, parent("01")],
    [{ traceparent: `00-${other}-${SPAN}-01` }, parent("00")],
  ] as const)
    await callWith(service.port, metadata, serializeCheck({ ...http, headers }));
  const lines = (await service.stop()).map((line) => JSON.parse(line));
  const spans = await collector.spans(2);
  assert.deepEqual(
    spans.map(({ traceId, parentSpanId, traceState }) => [traceId, parentSpanId, traceState]),
    [
      [other, SPAN, "proxy=1"],
      [TRACE, SPAN, undefined],
    ],
  );
  const named = lines.filter(({ event }) => event === "authorization_denied").map((line) => line.trace_id);
  assert.deepEqual(named, [other, other, TRACE, TRACE]);
});

test("a parent that isn't sampled has no span, and the log names its trace all the same", {
  skip: withoutCollector,
}, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector);
  await ask(service, [
    { path: "/files/a", headers: parent("00") },
    { path: "/files/a", headers: parent("02") },
    { path: "/files/a", headers: parent("01") },
  ]);
  const lines = (await service.stop()).map((line) => JSON.parse(line));
  assert.equal((await collector.spans(1)).length, 1);
  const named = lines.filter(({ event }) => event === "authorization_denied").map((line) => line.trace_id);
  assert.deepEqual(named, [TRACE, TRACE, TRACE]);
});

test("the standard variables are followed", { skip: withoutCollector }, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector, {
    OTEL_SERVICE_NAME: "files-authz",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,region=north",
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%20b",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0",
    OTEL_BSP_SCHEDULE_DELAY: "100",
  });
  await ask(service, [{ path: "/files/a" }, { path: "/files/a", headers: parent("01") }]);
  // Before the end, since the delay is short.
  assert.deepEqual(
    (await collector.spans(1)).map(({ traceId }) => traceId),
    [TRACE],
  );
  const [only] = collector.exports();
  assert.equal(only?.transport, "http");
  assert.equal(only?.headers["x-tenant"], "a b");
  assert.equal(only?.headers["content-encoding"], "gzip");
  const { "service.name": name, region } = attributesOf(only?.resource ?? { attributes: [] });
  assert.deepEqual([name, region], ["files-authz", "north"]);
  await service.stop();
  assert.equal((await collector.spans(1)).length, 1);
});

test("spans go over gRPC where that is asked for", { skip: withoutCollector }, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector, {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${collector.grpc}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a",
  });
  await ask(service, [{ path: "/files/a", headers: parent("01") }]);
  await service.stop();
  assert.equal((await collector.spans(1))[0]?.parentSpanId, SPAN);
  const [only] = collector.exports();
  assert.deepEqual([only?.transport, only?.headers["x-tenant"]], ["grpc", "a"]);
});

test("no span is lost at the end, whatever waits", { skip: withoutCollector }, async (t) => {
  const collector = await startCollector(t);
  const service = await startTracing(t, collector);
  const questions = Array.from({ length: 700 }, () => ({ path: "/files/a" }));
  await ask(service, questions);
  const lines = await service.stop();
  const spans = await collector.spans(700);
  assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, 700);
  assert.ok(!lines.some((line) => line.includes("trace_export_failed")));
});

/** Something in a collector's place that does what is said with each connection. */
async function startBroken(
  t: TestContext,
  kind: "down" | "silent" | "refusing",
): Promise<{ readonly http: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => {
      if (kind === "refusing") socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  if (kind === "down") await new Promise((resolve) => server.close(resolve));
  else t.after(() => server.close());
  return { http: port };
}

const QUESTIONS = 400;

for (const kind of ["down", "silent", "refusing"] as const) {
  test(`a collector that is ${kind} costs no verdict, is told of once, and doesn't hold up the end`, async (t) => {
    const service = await startTracing(t, await startBroken(t, kind), {
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_BSP_MAX_QUEUE_SIZE: "64",
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "16",
      OTEL_EXPORTER_OTLP_TIMEOUT: "600000",
    });
    const allowed = { path: "/files/report", headers: await credentials("report") };
    const questions = Array.from({ length: QUESTIONS }, (_, i) =>
      i % 2 === 0 ? allowed : { path: "/files/report" },
    );
    assert.deepEqual(
      await ask(service, questions),
      questions.map((question) => question === allowed),
    );
    const stopping = performance.now();
    const lines = (await service.stop()).map((line) => JSON.parse(line));
    const seconds = Math.round((performance.now() - stopping) / 1000);
    assert.ok(seconds < 60, `the end took ${seconds} s, and a request may take ten minutes`);
    const complaints = lines.filter(({ event }) => event === "trace_export_failed");
    // At once, and of the rest at the end.
    assert.ok(complaints.length >= 1 && complaints.length <= 2, `${complaints.length} lines`);
    assert.equal(
      complaints.reduce((sum, { spans_lost }) => sum + spans_lost, 0),
      QUESTIONS,
    );
    t.diagnostic(`ended within ${seconds + 1} s; ${complaints.map(({ message }) => message).join("; ")}`);
    assert.ok(lines.some(({ event }) => event === "stopped"));
  });
}

/** Tells of every module that is loaded. */
const TELLING = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({ load: (url, context, next) => (process.stderr.write("module " + url + "\\n"), next(url, context)) });
`)}`;

/** Parts of OpenTelemetry that `serve` has loaded once it has answered. */
async function loadedParts(t: TestContext, env: Headers): Promise<readonly string[]> {
  const service = await startServe(t, GATEWAY, { env: { NODE_OPTIONS: `--import=${TELLING}`, ...env } });
  await ask(service, [{ path: "/files/a", headers: parent("01") }]);
  await service.stop();
  assert.match(service.stderr(), /^module .*trace\.ts$/m);
  const names = service.stderr().matchAll(/^module .*@opentelemetry\/([^/]+)/gm);
  return [...new Set(Array.from(names, ([, name = ""]) => name))].sort();
}

test("without an address nothing of OpenTelemetry is loaded but its API, which prom-client wants", async (t) => {
  const address = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  const off = [
    {},
    { ...address, OTEL_TRACES_EXPORTER: "none" },
    { ...address, OTEL_SDK_DISABLED: "true" },
    { OTEL_EXPORTER_OTLP_ENDPOINT: "" },
  ];
  for (const env of off) assert.deepEqual(await loadedParts(t, env), ["api"], JSON.stringify(env));
  assert.ok((await loadedParts(t, address)).includes("sdk-trace"));
});

test("only what failed by our fault is an error", { skip: withoutCollector }, async (t) => {
  const collector = await startCollector(t);
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `http://127.0.0.1:${collector.http}`;
  t.after(() => delete process.env["OTEL_EXPORTER_OTLP_ENDPOINT"]);
  const { settings } = readTraceSettings(process.env);
  assert.ok(settings !== undefined);
  const log = {
    info: () => {},
    warn: (...line: unknown[]) => assert.fail(JSON.stringify(line)),
  } as unknown as Log;
  const tracer = await startTracer(settings, "1", log);
  for (const reason of ["internal", "overloaded", "missing_warrant"] as const) {
    tracer.trace({
      decision: { allow: false, reason, mode: "enforce", detail: "" },
      caller: {} as never,
      parent: undefined,
      ...{ request: {} as never, requestId: reason, traceId: undefined, receivedAt: 0, answeredAt: 1 },
    });
  }
  await tracer.end();
  const spans = await collector.spans(3);
  assert.deepEqual(
    spans.map((span) => [
      attributesOf(span)["tenuo.reason"],
      span.status.code,
      attributesOf(span)["error.type"],
    ]),
    [
      ["internal", "STATUS_CODE_ERROR", "internal"],
      ["overloaded", undefined, undefined],
      ["missing_warrant", undefined, undefined],
    ],
  );
});
