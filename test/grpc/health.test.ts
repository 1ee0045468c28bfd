import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { status as code } from "@grpc/grpc-js";
import { oneTool } from "../support/asking.ts";
import { connectHealth, type HealthClient } from "../support/health-client.ts";
import { rfc3339, signList } from "../support/revocation-list.ts";
import { startServe, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey, unixNow } from "../support/warrants.ts";

const SERVICES = ["", "envoy.service.auth.v3.Authorization"];
const root = newKey();

function connect(t: TestContext, port: number): HealthClient {
  const client = connectHealth(port);
  t.after(client.close);
  return client;
}

async function readiness(port: number): Promise<{ readonly status: number; readonly reasons: unknown }> {
  const response = await fetch(`http://127.0.0.1:${port}/ready`);
  return {
    status: response.status,
    reasons: ((await response.json()) as { readonly reasons?: unknown }).reasons,
  };
}

test("Check, List and Watch of the standard client know both services, and no other", async (t) => {
  const { port } = await startService(t, oneTool(root));
  const health = connect(t, port);
  for (const name of SERVICES) {
    assert.equal(await health.check(name), "SERVING");
    const seen = health.watch(name);
    await waitFor("a status", () => seen[0]?.status === "SERVING" || undefined);
  }
  assert.deepEqual(await health.list(), Object.fromEntries(SERVICES.map((name) => [name, "SERVING"])));
  await assert.rejects(health.check("other"), { code: code.NOT_FOUND });
  const other = health.watch("other");
  await waitFor("a status", () => other[0]?.status === "SERVICE_UNKNOWN" || undefined);
});

test("all ways of asking tell when the list gets too old, when a new one comes, and when the service stops", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-health-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const list = join(folder, "list");
  const MAX_AGE_SECONDS = 60;
  const write = (version: number, issuedAt: number): void => {
    writeFileSync(`${list}.new`, signList(root, { version, issuedAt: rfc3339(issuedAt) }));
    renameSync(`${list}.new`, list);
  };
  // Time enough for the start.
  const issuedAt = unixNow() - MAX_AGE_SECONDS + 8;
  write(1, issuedAt);
  const settings = `, revocation: {file: ${list}, max_age_secs: ${MAX_AGE_SECONDS}}`;
  const args = ["--drain-seconds", "2", "--health-port", "0"];
  const service = await startServe(t, oneTool(root, settings), { args });
  const health = connect(t, service.port);
  const watches = SERVICES.map((name) => health.watch(name));
  const assertAll = async (serving: boolean, since: number): Promise<void> => {
    const expected = serving ? "SERVING" : "NOT_SERVING";
    await waitFor(expected, () => watches.every((seen) => seen.at(-1)?.status === expected) || undefined);
    const late = Math.max(...watches.map((seen) => (seen.at(-1)?.at ?? 0) - since));
    t.diagnostic(`${expected} after ${Math.round(late)} ms`);
    for (const name of SERVICES) assert.equal(await health.check(name), expected);
    assert.deepEqual(Object.values(await health.list()), [expected, expected]);
    assert.equal((await readiness(service.port)).status, serving ? 200 : 503);
  };
  await assertAll(true, performance.now());

  const stale = issuedAt + MAX_AGE_SECONDS + 1;
  await assertAll(false, performance.now() + stale * 1000 - Date.now());
  assert.match(String((await readiness(service.port)).reasons), /revocation list/);

  write(2, unixNow());
  await service.reload();
  await assertAll(true, performance.now());

  process.kill(service.pid, "SIGTERM");
  await assertAll(false, performance.now());
  assert.deepEqual((await readiness(service.port)).reasons, ["shutting down"]);
  await service.stop();
});

test("a page is the same for HEAD and GET but for its body, on both ports, ready or not", async (t) => {
  for (const gateway of [oneTool(root), oneTool(root).replace(/^settings.*$/m, "settings: {}")]) {
    const service = await startService(t, gateway);
    for (const port of [service.port, service.healthPort as number])
      for (const path of ["/health", "/healthz", "/ready", "/status"]) {
        const [get, head] = await Promise.all(
          ["GET", "HEAD"].map((method) => fetch(`http://127.0.0.1:${port}${path}`, { method })),
        );
        assert.equal(head?.status, get?.status, path);
        assert.equal(head?.headers.get("content-type"), "application/json");
        assert.equal(await head?.text(), "");
        JSON.parse((await get?.text()) ?? "");
      }
  }
});
