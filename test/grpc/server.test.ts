import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { internalDenial } from "../../src/server/check/check-response.ts";
import { serializeResponse } from "../../src/server/check/response-guard.ts";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { startServer } from "../../src/server/server.ts";
import { connectHealth } from "../support/health-client.ts";
import { startService } from "../support/service.ts";

const READY = `
version: "2"
settings: {trusted_roots: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;
const WITHOUT_ROOTS = READY.replace(/^settings.*$/m, "settings: {}");

interface Page {
  readonly status: number;
  readonly body: string;
}

function get(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Page> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port, path, headers, method, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    request.on("error", reject).end();
  });
}

async function healthOf(port: number, service: string): Promise<string> {
  const health = connectHealth(port);
  try {
    return await health.check(service);
  } finally {
    health.close();
  }
}

const SERVICES = ["", "envoy.service.auth.v3.Authorization"];

test("the four pages stand beside gRPC on one port, and on the health port", async (t) => {
  const service = await startService(t, READY);
  for (const port of [service.port, service.healthPort as number]) {
    for (const path of ["/health", "/healthz", "/ready", "/status", "/ready?verbose"]) {
      assert.equal((await get(port, path)).status, 200, path);
    }
    assert.deepEqual(await get(port, "/health", {}, "HEAD"), { status: 200, body: "" });
    assert.equal((await get(port, "/elsewhere")).status, 404);
    assert.equal((await get(port, "/health", {}, "POST")).status, 405);
  }
  for (const name of SERVICES) assert.equal(await healthOf(service.port, name), "SERVING");
  const { config, ...status } = JSON.parse((await get(service.port, "/status")).body);
  assert.deepEqual(status, {
    version: "0.0.0",
    uptime_secs: 0,
    cp: { enabled: false, status: "disabled", authorizer_id: null },
    mode: "enforce",
    trusted_roots: 1,
    tls: null,
    revocation_list: null,
  });
  assert.match(config.sha256, /^[0-9a-f]{64}$/);
});

test("a page that a proxy forwarded is refused on the port of the checks, so it can't be taken for an allow", async (t) => {
  const service = await startService(t, READY);
  for (const name of [
    "x-forwarded-for",
    "x-envoy-internal",
    "x-request-id",
    "x-tenuo-warrant",
    "X-Forwarded-Proto",
  ]) {
    assert.equal((await get(service.port, "/health", { [name]: "1" })).status, 403, name);
    assert.equal((await get(service.healthPort as number, "/health", { [name]: "1" })).status, 200, name);
  }
});

test("without a trusted root it starts, and isn't ready", async (t) => {
  const service = await startService(t, WITHOUT_ROOTS);
  assert.equal((await get(service.port, "/health")).status, 200);
  const { status, body } = await get(service.port, "/ready");
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body), { ready: false, reasons: ["no trusted root is configured"] });
  for (const name of SERVICES) assert.equal(await healthOf(service.port, name), "NOT_SERVING");
});

test("a preface that comes byte by byte is still gRPC, and one that changes its mind is HTTP/1.1", async (t) => {
  const service = await startService(t, READY);
  const say = (parts: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(service.port, "127.0.0.1").setNoDelay(true);
      socket.once("data", (data) => {
        socket.destroy();
        resolve(data.toString("latin1"));
      });
      socket.once("error", reject);
      const next = (): void => {
        const [part, ...rest] = parts;
        if (part === undefined) return;
        parts = rest;
        socket.write(part, () => setTimeout(next, 5));
      };
      next();
    });
  const settings = "\0\0\0\x04\0\0\0\0\0";
  const http2 = await say([..."PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", settings]);
  assert.equal(http2.charCodeAt(3), 4, "a SETTINGS frame");
  assert.match(await say(["PR", "OPFIND / HTTP/1.1\r\nhost: a\r\n\r\n"]), /^HTTP\/1\.1 405 /);
  assert.match(await say(["GET /health HTTP/1.1\r\nhost: a\r\n\r\n"]), /^HTTP\/1\.1 200 /);
});

test("draining goes unready at once, still answers the proxies, then closes the port", async (t) => {
  const service = await startService(t, READY, { drainSeconds: 1 });
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  await authorizer.check({});
  const drained = service.drain();
  assert.equal(await healthOf(service.port, ""), "NOT_SERVING");
  for (const port of [service.port, service.healthPort as number]) {
    const ready = await get(port, "/ready");
    assert.deepEqual([ready.status, JSON.parse(ready.body).reasons], [503, ["shutting down"]]);
    assert.equal((await get(port, "/health")).status, 200, "alive all the same");
  }
  for (const answer of await Promise.all(Array.from({ length: 50 }, () => authorizer.check({})))) {
    assert.ok(answer.deniedResponse != null);
  }
  await drained;
  await assert.rejects(get(service.port, "/health"), /ECONNREFUSED/);
});

test("a connection that never says what it is doesn't hold up the end", async (t) => {
  const service = await startService(t, READY);
  const silent = ["", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /hea"].map((start) => {
    const socket = connect(service.port, "127.0.0.1", () => socket.write(start));
    return socket.on("error", () => {});
  });
  const closed = silent.map((socket) => once(socket, "close"));
  await get(service.port, "/health");
  const started = performance.now();
  await service.drain();
  await Promise.all(closed);
  assert.ok(performance.now() - started < 4_000);
});

test("a taken port says what to do", async (t) => {
  const service = await startService(t, READY);
  const options = { bind: "127.0.0.1", healthBind: "127.0.0.1", drainSeconds: 0, version: "0" };
  const other = {
    ...options,
    state: { snapshot: () => ({ policy: { trust: { roots: new Set() } } }) } as never,
    log: {} as never,
  };
  await assert.rejects(startServer({ ...other, port: service.port, healthPort: undefined }), {
    name: "ListenError",
    message: `port ${service.port} on 127.0.0.1 is taken; stop what uses it or choose another with --port`,
  });
  await assert.rejects(startServer({ ...other, port: 0, healthPort: service.healthPort }), /--health-port/);
  await assert.rejects(
    startServer({ ...other, port: 0, bind: "192.0.2.1", healthPort: undefined }),
    /--bind/,
  );
});

test("nothing but a whole allow or a whole denial is ever sent", () => {
  const lastResort = serializeResponse(internalDenial("unknown"));
  const denied = { code: 7, message: "no", status: 403, headers: {}, body: "" };
  const incomplete = [
    {},
    { verdict: "ok" },
    { verdict: "ok", denied },
    { verdict: "denied" },
    { verdict: "denied", ok: { headers: {}, headersToRemove: [], responseHeaders: {} } },
    { verdict: "denied", denied: { ...denied, code: 0 } },
    { verdict: "denied", denied: { ...denied, status: 200 } },
    { verdict: "denied", denied: { ...denied, status: undefined } },
    { verdict: "denied", denied: { ...denied, headers: { a: undefined } } },
  ];
  for (const response of incomplete) {
    assert.deepEqual(
      serializeResponse({ metadata: {}, ...response } as never),
      lastResort,
      JSON.stringify(response),
    );
  }
  assert.notDeepEqual(serializeResponse({ metadata: {}, verdict: "denied", denied }), lastResort);
});
