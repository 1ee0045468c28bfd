import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import { changesBetween, MAX_CHANGES } from "../../../../src/server/state/changes.ts";
import type { Snapshot } from "../../../../src/server/state/snapshot.ts";
import { parseRevocationList } from "../../../../src/warrant/revocation-list.ts";
import { signList } from "../../../support/revocation-list.ts";
import { snapshotOf } from "../../../support/service.ts";
import { unixNow } from "../../../support/warrants.ts";

const [a, b] = [generateSigningKey(), generateSigningKey()].sort((x, y) =>
  x.publicKey.hex < y.publicKey.hex ? -1 : 1,
) as [ReturnType<typeof generateSigningKey>, ReturnType<typeof generateSigningKey>];

const TOOLS = "read: {constraints: {path: {from: path, path: name}}}, write: {}";
const ROUTES = "{pattern: '/read/{name}', tool: read}, {pattern: /write, method: [PUT, post], tool: write}";

interface File {
  readonly version?: number;
  readonly settings?: string;
  readonly tools?: string;
  readonly routes?: string;
}

const file = ({ version = 2, settings = "", tools = TOOLS, routes = ROUTES }: File) => `
version: "${version}"
settings: {${settings}}
tools: {${tools}}
routes: [${routes}]
`;

const changes = async (before: File, after: File): Promise<readonly string[]> =>
  changesBetween(await snapshotOf(file(before)), await snapshotOf(file(after)));

test("what means the same is no change, however it is written", async () => {
  const tools = "write: {description: text}, read: {constraints: {path: {path: name, from: path}}}";
  const routes = "{pattern: /write, tool: write, method: [post, PUT]}, {tool: read, pattern: '/read/{name}'}";
  assert.deepEqual(await changes({}, { tools, routes }), []);
  assert.deepEqual(await changes({}, { settings: "mode: enforce, debug_mode: false" }), []);
  const snapshot = await snapshotOf(file({}));
  assert.deepEqual(changesBetween(snapshot, snapshot), []);
});

test("settings are told by name with what they were and are", async () => {
  const revocation = `revocation: {required: false, max_age_secs: 60, signers: ["${a.publicKey.hex}"]}`;
  assert.deepEqual(
    await changes(
      { settings: "clock_tolerance_secs: 5, body_media_types: [text/json]" },
      {
        version: 1,
        settings: `mode: audit, warrant_header: X-W, debug_mode: true, ${revocation}, log: {redact: [actual]}`,
      },
    ),
    [
      "mode: enforce → audit",
      "version of gateway.yaml: 2 → 1",
      "clock_tolerance_secs: 5 → 30",
      "settings.warrant_header: x-tenuo-warrant → x-w",
      "settings.debug_mode: false → true",
      "settings.body_media_types: [text/json] → []",
      `settings.revocation.signers: unset → [${a.publicKey.hex}]`,
      "settings.revocation.max_age_secs: unset → 60",
      "settings.revocation.required: unset → false",
      "settings.log.redact: [] → [actual]",
    ],
  );
});

test("trusted roots that came and went are told whole", async () => {
  const [first, second] = [a.publicKey.hex, b.publicKey.hex];
  assert.deepEqual(
    await changes({ settings: `trusted_roots: ["${first}"]` }, { settings: `trusted_roots: ["${second}"]` }),
    [`trusted root removed: ${first}`, `trusted root added: ${second}`],
  );
});

test("a list is told by version, time and number of ids", async () => {
  const withList = async (version?: number, ids: readonly string[] = []): Promise<Snapshot> => {
    const snapshot = await snapshotOf(file({}));
    if (version === undefined) return snapshot;
    const terms = { signers: new Set([a.publicKey.hex]), now: unixNow(), clockToleranceSeconds: 30 };
    const content = { version, ids, issuedAt: "2026-01-02T03:04:05Z" };
    const list = parseRevocationList(signList(a, content), terms);
    assert.ok("version" in list);
    const trust = { ...snapshot.policy.trust, revocation: { list, required: true } };
    return { ...snapshot, policy: { ...snapshot.policy, trust } };
  };
  const told = (version: number, count: number) =>
    `version ${version} of 2026-01-02T03:04:05.000Z with ${count} ids`;
  const [none, one, two] = [await withList(), await withList(1), await withList(2, ["0".repeat(32)])];
  assert.deepEqual(changesBetween(none, one), [`revocation list: none → ${told(1, 0)}`]);
  assert.deepEqual(changesBetween(one, two), [`revocation list: ${told(1, 0)} → ${told(2, 1)}`]);
});

test("routes and tools that came, went or changed are told by method, host and pattern", async () => {
  const tools = `read: {clearance: 2, constraints: {path: {from: query, path: p}, n: {from: query, path: n}}}, other: {}`;
  const routes = [
    "{pattern: '/read/{name}', tool: read, mode: audit}",
    "{pattern: /write, method: PUT, tool: other}",
    "{host: API.example, pattern: /new, method: GET, tool: other, mode: permissive}",
  ];
  assert.deepEqual(await changes({}, { tools, routes: routes.join(", ") }), [
    "tool removed: write",
    "tool added: other",
    "tool read: argument n added",
    "tool read: argument path changed",
    "tool read: clearance: 0 → 2",
    "route removed: POST /write → write",
    "route added: GET api.example/new → other (mode permissive)",
    "route PUT /write: tool: write → other",
    "route any method /read/{name}: mode: unset → audit",
  ]);
});

test("what a tool changes for many routes is told once, and what is told has an end", async () => {
  const count = MAX_CHANGES + 30;
  const routes = Array.from({ length: count }, (_, i) => `{pattern: /r${i}, tool: write}`).join(", ");
  assert.deepEqual(
    await changes({ routes }, { routes, tools: TOOLS.replace("write: {}", "write: {clearance: 1}") }),
    ["tool write: clearance: 0 → 1"],
  );
  const told = await changes({ routes: `{pattern: /r0, tool: write}` }, { routes });
  assert.equal(told.length, MAX_CHANGES + 1);
  assert.equal(told.at(-1), `and ${count - 1 - MAX_CHANGES} more`);
  const long = await changes({}, { settings: `body_media_types: [text/${"x".repeat(10_000)}]` });
  assert.ok((long[0]?.length ?? 0) <= 1024);
});
