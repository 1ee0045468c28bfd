import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createMetrics } from "../../src/server/metrics/metrics.ts";
import { overGrpc } from "../support/asking.ts";
import { freePort } from "../support/free-port.ts";
import { ALERTS, PANEL_QUERIES, RULES } from "../support/monitoring.ts";
import { ownIssuer } from "../support/own.ts";
import { prometheusMissing, promtool, startPrometheus } from "../support/prometheus.ts";
import { signList } from "../support/revocation-list.ts";
import { startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey, type Tools } from "../support/warrants.ts";

const skip = prometheusMissing ?? false;
const root = newKey();
const agent = newKey();
const folder = mkdtempSync(join(tmpdir(), "tenuo-monitoring-"));
after(() => rmSync(folder, { recursive: true }));
const list = join(folder, "list");

const gatewayYaml = `
version: "2"
settings:
  trusted_roots: ["${root.publicKey.hex}"]
  revocation: {file: "${list}", max_age_secs: 3600}
tools:
  read: {constraints: {path: {from: query, path: p}}}
  trial: {}
routes:
  - {pattern: /read, method: GET, tool: read}
  - {pattern: /trial, method: GET, tool: trial, mode: audit}
`;

/** Every metric the page can have, by name. */
const described = new Map(
  createMetrics({} as never)
    .describe()
    .map((metric) => [metric.name, metric]),
);

test("a real Prometheus finds every metric, with what was decided, reloaded and put in force", {
  skip,
}, async (t) => {
  const healthPort = await freePort();
  writeFileSync(list, signList(root, { version: 3 }));
  const serving = await startServe(t, gatewayYaml, { args: ["--health-port", String(healthPort)] });
  const { query } = await startPrometheus(t, healthPort, RULES);

  const { ask, close } = overGrpc(serving.port);
  t.after(close);
  const call = async (tools: Tools, path: string, ttl?: number): Promise<string> => {
    const warrant = await ownIssuer.mint(root, { holder: agent, tools, ...(ttl !== undefined && { ttl }) });
    const proof = await ownIssuer.proof(warrant, agent, { tool: "read", args: { path } });
    return ask(`/read?p=${path}`, { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof });
  };
  const READ: Tools = { read: { path: { exact: "a" } } };
  assert.equal(await call(READ, "a", 250), "allow");
  assert.equal(await call(READ, "a"), "allow");
  assert.equal(await call(READ, "b"), "constraint_violation");
  assert.equal(
    await call({ read: { invented: { wildcard: true }, path: { exact: "a" } } }, "a"),
    "constraint_violation",
  );
  assert.equal(await call({ trial: {} }, "a"), "tool_not_in_warrant");
  assert.equal(await ask("/read?p=a", {}), "missing_warrant");
  assert.equal(await ask("/nowhere", {}), "no_route");
  assert.equal(await ask("/trial", {}), "allow");

  // A watched file may be read before the signal asks for it.
  writeFileSync(list, signList(root, { version: 4, ids: ["tnu_wrt_018c0000000070008000000000000001"] }));
  assert.equal((await serving.reload())["result"], "success");
  appendFileSync(serving.config, "nonsense: 1\n");
  assert.equal((await serving.reload())["result"], "failure");

  await waitFor("Prometheus has scraped all of it", async () => {
    const [failed] = await query("tenuo_config_reload_success == 0");
    return failed;
  });
  const values = async (expr: string): Promise<Readonly<Record<string, number>>> =>
    Object.fromEntries(
      (await query(expr)).map(({ labels: { __name__, instance, job, namespace, ...own }, value }) => [
        Object.values(own).join(" "),
        value,
      ]),
    );

  assert.deepEqual(await values("tenuo_decisions_total"), {
    "allow read": 2,
    "deny constraint_violation read": 2,
    "deny tool_not_in_warrant read": 1,
    "deny missing_warrant read": 1,
    "deny no_route": 1,
    "would_deny missing_warrant trial": 1,
  });
  assert.deepEqual(await values("tenuo_constraint_violations_total"), { "path read": 1, "(other) read": 1 });
  assert.deepEqual(await values("tenuo_check_duration_seconds_count"), { "": 8 });
  assert.deepEqual(await values('tenuo_warrant_remaining_seconds_bucket{le=~"60(.0)?|300(.0)?"}'), {
    60: 1,
    300: 2,
  });
  assert.deepEqual(await values("tenuo_revocation_list_version"), { "": 4 });
  assert.deepEqual(await values("tenuo_revocation_list_entries"), { "": 1 });
  assert.deepEqual(
    await values("tenuo_revocation_list_age_seconds < 600"),
    await values("tenuo_revocation_list_age_seconds"),
  );
  assert.deepEqual(await values("tenuo_revocation_updates_total"), { success: 1, failure: 0 });
  const reloads = await values("tenuo_config_reloads_total");
  assert.ok((reloads["success"] ?? 0) >= 1 && (reloads["failure"] ?? 0) >= 1);
  assert.deepEqual(await values("tenuo_mode"), { enforce: 1, audit: 0, permissive: 0 });
  assert.deepEqual(await values("tenuo_routes"), { enforce: 1, audit: 1, permissive: 0 });
  assert.deepEqual(await values("tenuo_ready"), { "": 1 });

  for (const { name, type } of described.values()) {
    if (!name.startsWith("tenuo_") || ABSENT.has(name)) continue;
    const found = await query(type === "histogram" ? `${name}_bucket` : name);
    assert.ok(found.length > 0, name);
  }
  // A rate takes two scrapes.
  for (const { panel, expr } of PANEL_QUERIES) {
    if ([...ABSENT].some((name) => expr.startsWith(name))) continue;
    await waitFor(`the panel ${panel} shows something`, async () => (await query(expr))[0]);
  }
  await waitFor("the alert of the failed reload", async () => {
    const [pending] = await query('ALERTS{alertname="TenuoReloadFailed"}');
    return pending;
  });

  const { ok, text } = promtool(["check", "metrics"], await pageOf(healthPort));
  assert.deepEqual(
    text.split("\n").filter((line) => line.startsWith("tenuo_")),
    [],
  );
  t.diagnostic(`promtool check metrics: ${ok ? "no remarks" : text.trim()}`);
});

test("dashboard and alerts ask for metrics that are there", () => {
  const asked = [...ALERTS, ...PANEL_QUERIES].flatMap(
    ({ expr }) => expr.match(/\b(?:tenuo|nodejs|process)_\w+/g) ?? [],
  );
  assert.ok(asked.length > 40);
  for (const name of asked) {
    const histogram = described.get(name.replace(/_(?:bucket|count|sum)$/, ""));
    assert.ok(described.has(name) || histogram?.type === "histogram", name);
  }
});

/** Of what this service doesn't have. */
const ABSENT = new Set(["tenuo_tls_certificate_expiry_timestamp_seconds"]);

async function pageOf(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}
