import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Allow, Decision, Deny } from "../../../../src/decision/decision.ts";
import { ANSWERS } from "../../../../src/decision/reason.ts";
import { countedBy, createMetricRegistry } from "../../../../src/server/metrics/metric-registry.ts";
import { createMetrics, type Measured, type Metrics } from "../../../../src/server/metrics/metrics.ts";
import type { Snapshot } from "../../../../src/server/state/snapshot.ts";
import { snapshotOf } from "../../../support/service.ts";

const NOW = 1_700_000_000;

const withTools = (...tools: readonly string[]): Promise<Snapshot> =>
  snapshotOf(`
version: "2"
settings: {trusted_roots: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]}
tools:
${tools.map((tool) => `  ${tool}: {constraints: {path: {from: query, path: p}}}`).join("\n")}
routes:
${tools.map((tool) => `  - {pattern: /${tool}, tool: ${tool}, constraints: {own: {from: query, path: q}}}`).join("\n")}
  - {pattern: /trial, tool: ${tools[0]}, mode: audit}
`);

const ALLOW: Allow = {
  allow: true,
  mode: "enforce",
  tool: "read",
  warrantId: "tnu_wrt_0198c0de000070008000000000000001",
  holder: "ab",
  root: "cd",
  chainDepth: 0,
  expiresAt: NOW + 100,
  chain: [],
  approvals: [],
};
const RELOADS = {
  total: { success: 3, failure: 1 },
  revocationList: { success: 0, failure: 2 },
  lastSuccessAt: NOW * 1000 - 500,
};
const DENY: Deny = { allow: false, mode: "enforce", reason: "no_route", detail: "" };
const VIOLATION: Deny = { ...DENY, reason: "constraint_violation", tool: "read", field: "path" };

function metricsOf(snapshot: () => Snapshot, other: Partial<Measured> = {}): Metrics {
  return createMetrics({
    version: "1.2.3",
    state: { snapshot, failedReload: () => undefined, reloads: () => RELOADS },
    now: () => NOW,
    isReady: () => true,
    connections: () => 3,
    inflight: () => 2,
    lostLines: () => 4,
    ...other,
  });
}

const tell = (metrics: Metrics, snapshot: Snapshot, decision: Decision, milliseconds = 1): void =>
  metrics.decision(
    {
      decision,
      receivedAt: 5,
      answeredAt: 5 + milliseconds,
      request: {},
      caller: {},
      requestId: "r",
    } as never,
    snapshot,
  );

/** The samples of one metric, as the page has them. */
async function samples(metrics: Metrics, name: string): Promise<readonly string[]> {
  const { body } = await metrics.page();
  return body.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test("decisions are counted by decision, reason and tool", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  tell(metrics, snapshot, ALLOW);
  tell(metrics, snapshot, ALLOW);
  tell(metrics, snapshot, DENY);
  tell(metrics, snapshot, { ...VIOLATION, mode: "audit" });
  assert.deepEqual(await samples(metrics, "tenuo_decisions_total"), [
    'tenuo_decisions_total{decision="allow",reason="",tool="read"} 2',
    'tenuo_decisions_total{decision="would_deny",reason="constraint_violation",tool="read"} 1',
    'tenuo_decisions_total{decision="deny",reason="no_route",tool=""} 1',
  ]);
});

test("every reason is a label of its own, and overload has a counter of its own too", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  const reasons = Object.keys(ANSWERS) as Deny["reason"][];
  for (const reason of reasons) tell(metrics, snapshot, { ...DENY, reason });
  assert.deepEqual(
    await samples(metrics, "tenuo_decisions_total"),
    reasons.map((reason) => `tenuo_decisions_total{decision="deny",reason="${reason}",tool=""} 1`),
  );
  assert.deepEqual(await samples(metrics, "tenuo_checks_overloaded_total"), [
    "tenuo_checks_overloaded_total 1",
  ]);
});

test("warrants that could be read are counted by whether they were known", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  tell(metrics, snapshot, { ...ALLOW, isChainKnown: false });
  tell(metrics, snapshot, { ...ALLOW, isChainKnown: true });
  tell(metrics, snapshot, { ...VIOLATION, isChainKnown: true });
  tell(metrics, snapshot, DENY);
  assert.deepEqual(await samples(metrics, "tenuo_chain_cache_total"), [
    'tenuo_chain_cache_total{result="hit"} 2',
    'tenuo_chain_cache_total{result="miss"} 1',
  ]);
});

test("arguments that only a warrant names share one label, whatever their number", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  for (const field of ["path", "own"]) tell(metrics, snapshot, { ...VIOLATION, field });
  for (let i = 0; i < 1_000; i++) tell(metrics, snapshot, { ...VIOLATION, field: `invented${i}` });
  const { field: _, ...withoutArgument } = VIOLATION;
  tell(metrics, snapshot, withoutArgument);
  tell(metrics, snapshot, { ...VIOLATION, reason: "unknown_constraint" });
  assert.deepEqual(await samples(metrics, "tenuo_constraint_violations_total"), [
    'tenuo_constraint_violations_total{tool="read",constraint="path"} 1',
    'tenuo_constraint_violations_total{tool="read",constraint="own"} 1',
    'tenuo_constraint_violations_total{tool="read",constraint="(other)"} 1001',
  ]);
});

test("what a removed tool counted is shown once more, then gone, however many reloads there are", async () => {
  let snapshot = await withTools("read", "write");
  const metrics = metricsOf(() => snapshot);
  tell(metrics, snapshot, ALLOW);
  tell(metrics, snapshot, { ...ALLOW, tool: "write" });
  tell(metrics, snapshot, { ...VIOLATION, tool: "write" });
  const judgedBy = snapshot;
  snapshot = await withTools("read");
  tell(metrics, judgedBy, { ...ALLOW, tool: "write" });
  const ofWrite = async (): Promise<readonly string[]> =>
    (await metrics.page()).body.split("\n").filter((line) => line.includes('tool="write"'));
  assert.deepEqual(await ofWrite(), [
    'tenuo_decisions_total{decision="allow",reason="",tool="write"} 2',
    'tenuo_decisions_total{decision="deny",reason="constraint_violation",tool="write"} 1',
    'tenuo_constraint_violations_total{tool="write",constraint="path"} 1',
  ]);
  assert.deepEqual(await ofWrite(), []);
  tell(metrics, snapshot, DENY);
  assert.deepEqual(await samples(metrics, "tenuo_decisions_total"), [
    'tenuo_decisions_total{decision="allow",reason="",tool="read"} 1',
    'tenuo_decisions_total{decision="deny",reason="no_route",tool=""} 1',
  ]);
});

test("durations of microseconds fall into buckets of their own", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  for (const milliseconds of [0.04, 0.09, 0.4, 30, 2_000]) tell(metrics, snapshot, DENY, milliseconds);
  const lines = await samples(metrics, "tenuo_check_duration_seconds_bucket");
  const counts = new Map(
    lines.map((line) => [/le="([^"]+)"/.exec(line)?.[1], Number(line.split(" ").at(-1))]),
  );
  assert.deepEqual(
    ["0.00005", "0.0001", "0.0003", "0.0005", "0.025", "0.05", "1", "+Inf"].map((le) => counts.get(le)),
    [1, 2, 2, 3, 3, 4, 4, 5],
  );
});

test("the remaining life of a warrant is observed at an allow alone, and is never negative", async () => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  tell(metrics, snapshot, ALLOW);
  tell(metrics, snapshot, { ...ALLOW, expiresAt: NOW - 5 });
  tell(metrics, snapshot, { ...DENY, expiresAt: NOW + 7 });
  assert.deepEqual(await samples(metrics, "tenuo_warrant_remaining_seconds_sum"), [
    "tenuo_warrant_remaining_seconds_sum 100",
  ]);
  assert.deepEqual(await samples(metrics, "tenuo_warrant_remaining_seconds_count"), [
    "tenuo_warrant_remaining_seconds_count 2",
  ]);
});

test("what is in force is read anew for each page", async () => {
  let snapshot = await withTools("read");
  let failed = false;
  let ready = true;
  const metrics = metricsOf(() => snapshot, {
    state: {
      snapshot: () => snapshot,
      failedReload: () => (failed ? { at: "2026-01-01T00:00:00Z", errors: [] } : undefined),
      reloads: () => RELOADS,
    },
    isReady: () => ready,
  });
  const value = async (name: string): Promise<readonly string[]> =>
    (await samples(metrics, name)).map((line) => line.slice(name.length));
  assert.deepEqual(await value("tenuo_mode"), [
    '{mode="enforce"} 1',
    '{mode="audit"} 0',
    '{mode="permissive"} 0',
  ]);
  assert.deepEqual(await value("tenuo_routes"), [
    '{mode="enforce"} 1',
    '{mode="audit"} 1',
    '{mode="permissive"} 0',
  ]);
  assert.deepEqual(await value("tenuo_config_reload_success"), [" 1"]);
  assert.deepEqual(await value("tenuo_ready"), [" 1"]);
  assert.deepEqual(await value("tenuo_trusted_roots"), [" 1"]);
  assert.deepEqual(await value("tenuo_config_reloads_total"), [
    '{result="success"} 3',
    '{result="failure"} 1',
  ]);
  assert.deepEqual(await value("tenuo_revocation_updates_total"), [
    '{result="success"} 0',
    '{result="failure"} 2',
  ]);
  assert.deepEqual(await value("tenuo_config_last_reload_success_timestamp_seconds"), [" 1699999999.5"]);
  assert.deepEqual(await value("tenuo_log_lines_lost_total"), [" 4"]);
  assert.deepEqual(await value("tenuo_build_info"), ['{version="1.2.3"} 1']);
  assert.deepEqual(await value("tenuo_config_info"), [`{sha256="${snapshot.config.sha256.slice(0, 12)}"} 1`]);

  snapshot = { ...snapshot, policy: { ...snapshot.policy, mode: "permissive" } };
  failed = true;
  ready = false;
  assert.ok((await value("tenuo_mode")).includes('{mode="permissive"} 1'));
  assert.ok((await value("tenuo_routes")).includes('{mode="permissive"} 1'));
  assert.deepEqual(await value("tenuo_config_reload_success"), [" 0"]);
  assert.deepEqual(await value("tenuo_ready"), [" 0"]);
});

test("without a revocation list nothing is told of one; with one its version, size and age", async () => {
  const bare = await withTools("read");
  const names = ["version", "entries", "age_seconds", "max_age_seconds"].map(
    (what) => `tenuo_revocation_list_${what}`,
  );
  const all = async (snapshot: Snapshot): Promise<readonly string[]> => {
    const metrics = metricsOf(() => snapshot);
    return (await Promise.all(names.map((name) => samples(metrics, name)))).flat();
  };
  assert.deepEqual(await all(bare), []);
  const list = { version: 7n, issuer: "ab", issuedAt: NOW - 60, ids: new Uint8Array(32) };
  const trust = {
    ...bare.policy.trust,
    revocation: { list, required: true, maxAgeSeconds: 3_600 } as never,
  };
  assert.deepEqual(await all({ ...bare, policy: { ...bare.policy, trust } }), [
    "tenuo_revocation_list_version 7",
    "tenuo_revocation_list_entries 2",
    "tenuo_revocation_list_age_seconds 60",
    "tenuo_revocation_list_max_age_seconds 3600",
  ]);
});

test("without TLS no certificate expires", async () => {
  const bare = await withTools("read");
  const name = "tenuo_tls_certificate_expiry_timestamp_seconds";
  assert.deepEqual(
    await samples(
      metricsOf(() => bare),
      name,
    ),
    [],
  );
  const tls = { notAfter: NOW + 5 } as NonNullable<Snapshot["tls"]>;
  assert.deepEqual(
    await samples(
      metricsOf(() => ({ ...bare, tls })),
      name,
    ),
    [`${name} ${NOW + 5}`],
  );
});

test("a metric that can't be read hides no other", async () => {
  const registry = createMetricRegistry();
  registry.gauge({ name: "broken", help: "Throws" }, () => {
    throw new Error("no");
  });
  registry.gauge({ name: "sound", help: "Doesn't" }, () => [[1]]);
  const { body } = await registry.page();
  assert.match(body, /^sound 1$/m);
  assert.doesNotMatch(body, /^broken /m);
});

test("each metric is described", async () => {
  const snapshot = await withTools("read");
  const described = metricsOf(() => snapshot).describe();
  assert.deepEqual(
    described.find(({ name }) => name === "tenuo_decisions_total"),
    {
      name: "tenuo_decisions_total",
      help: "Checks answered, by decision (allow, deny, would_deny), reason of the denial and tool; both empty where there is none",
      type: "counter",
      labels: ["decision", "reason", "tool"],
    },
  );
  assert.ok(
    (described.find(({ name }) => name === "tenuo_check_duration_seconds")?.buckets?.length ?? 0) > 10,
  );
  for (const { name, help, type, labels } of described) {
    assert.match(name, /^(?:tenuo|nodejs|process)_/);
    assert.ok(help.length > 10 && Array.isArray(labels), name);
    assert.match(type, /^(?:counter|gauge|histogram)$/);
  }
});

test("what it costs to count a check", async (t: TestContext) => {
  const snapshot = await withTools("read");
  const metrics = metricsOf(() => snapshot);
  const count = 20_000;
  for (const decision of [ALLOW, VIOLATION, DENY]) {
    const rounds = Array.from({ length: 5 }, () => {
      const start = performance.now();
      for (let i = 0; i < count; i++) tell(metrics, snapshot, decision);
      return ((performance.now() - start) * 1e6) / count;
    });
    t.diagnostic(`${decision.allow ? "allow" : decision.reason}: ${Math.min(...rounds).toFixed(0)} ns`);
  }
  const decisions = await samples(metrics, "tenuo_check_duration_seconds_count");
  assert.deepEqual(decisions, [`tenuo_check_duration_seconds_count ${3 * 5 * count}`]);
});

/** What another process measured. */
async function figuresOf(count: number, level: number, times: number) {
  const registry = createMetricRegistry();
  registry.counter({ name: "counted", help: "Counts", labels: ["of"] }, () => [[count, "a"]]);
  registry.gauge({ name: "level", help: "Goes up and down" }, () => [[level]]);
  const observe = registry.histogram({ name: "took", help: "Spreads" }, [1, 2]);
  for (let i = 0; i < times; i++) observe(1.5);
  return { registry, figures: structuredClone(await registry.figures()) };
}

test("those of several processes are shown as one", async () => {
  const { registry } = await figuresOf(1, 10, 2);
  const { body } = await registry.page([(await figuresOf(3, 20, 5)).figures]);
  for (const line of [
    'counted{of="a"} 4',
    "level 30",
    'took_bucket{le="2"} 7',
    "took_count 7",
    "took_sum 10.5",
  ])
    assert.ok(body.includes(`\n${line}\n`), line);
  assert.match(body, /^nodejs_version_info\{[^}]*\} 1$/m);
  assert.match(body, /^# TYPE took histogram$/m);
});

test("of the lag of the event loop the longest is shown", async () => {
  const { registry } = await figuresOf(0, 0, 0);
  const other = (await figuresOf(0, 0, 0)).figures as unknown as {
    readonly name: string;
    readonly values: { value: number }[];
  }[];
  const lag = other.find(({ name }) => name === "nodejs_eventloop_lag_p99_seconds");
  const [sample] = lag?.values ?? [];
  assert.ok(sample !== undefined);
  sample.value = 1234;
  const { body } = await registry.page([other as never]);
  assert.match(body, /^nodejs_eventloop_lag_p99_seconds 1234$/m);
});

test("what processes counted that have gone is kept, and what they had isn't", async () => {
  const all = await Promise.all([figuresOf(1, 10, 1), figuresOf(2, 20, 2)]);
  const { registry } = await figuresOf(4, 30, 0);
  const { body } = await registry.page([await countedBy(all.map(({ figures }) => figures))]);
  for (const line of ['counted{of="a"} 7', "level 30", "took_count 3"])
    assert.ok(body.includes(`\n${line}\n`), line);
});
