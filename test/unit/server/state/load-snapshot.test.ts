import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generateSigningKey, seedOf } from "../../../../src/crypto/ed25519.ts";
import { unreadyReasons } from "../../../../src/server/readiness.ts";
import { loadSnapshot, type Sources } from "../../../../src/server/state/load-snapshot.ts";
import { messagesOf } from "../../../../src/server/state/part.ts";
import type { Snapshot } from "../../../../src/server/state/snapshot.ts";
import { snapshotOf } from "../../../support/service.ts";

const file = (settings: string, route = "") => `
version: "2"
settings: {${settings}}
tools: {t: {}}
routes: [{pattern: /t, tool: t${route}}, {pattern: /u, tool: t, mode: permissive}]
`;

test("enforce is the mode unless the file says otherwise", async () => {
  assert.equal((await snapshotOf(file(""))).policy.mode, "enforce");
  assert.equal((await snapshotOf(file("mode: audit"))).policy.mode, "audit");
});

test("while the route is not known, one that enforces may be meant", async () => {
  assert.equal((await snapshotOf(file("mode: audit"))).policy.strictestMode, "audit");
  assert.equal((await snapshotOf(file("mode: audit", ", mode: enforce"))).policy.strictestMode, "enforce");
  assert.equal((await snapshotOf(file("mode: enforce", ", mode: audit"))).policy.strictestMode, "enforce");
});

test("without a trusted root it isn't ready", async () => {
  assert.deepEqual(unreadyReasons(await snapshotOf(file("")), 0), ["no trusted root is configured"]);
  const root = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
  const snapshot = await snapshotOf(file(`trusted_roots: ["${root}", "${root.toUpperCase()}"]`));
  assert.deepEqual(unreadyReasons(snapshot, 0), []);
  assert.deepEqual([...snapshot.policy.trust.roots], [root]);
});

const folder = mkdtempSync(join(tmpdir(), "tenuo-snapshot-"));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function load(settings: string, sources: Partial<Sources> = {}): Promise<Snapshot> {
  const loaded = await loadSnapshot(
    { configFile: write("gateway.yaml", file(settings)), trustedKeys: [], ...sources },
    new Date(0),
  );
  if (!loaded.ok) assert.fail(messagesOf(loaded.errors).join("\n"));
  return loaded.snapshot;
}

async function errorsOf(sources: Partial<Sources>): Promise<readonly string[]> {
  const loaded = await loadSnapshot(
    { configFile: write("gateway.yaml", file("")), trustedKeys: [], ...sources },
    new Date(0),
  );
  return messagesOf(loaded.errors);
}

const newKeyHex = () => generateSigningKey().publicKey.hex;

test("a mode from outside beats the file's, also for what no route is known of", async () => {
  const { policy } = await load("mode: audit", { mode: "permissive" });
  assert.deepEqual([policy.mode, policy.strictestMode], ["permissive", "permissive"]);
  assert.equal((await load("mode: permissive", { mode: "enforce" })).policy.mode, "enforce");
});

test("a clock tolerance from outside beats the file's, also one of 0; without any it is 30 seconds", async () => {
  const tolerance = async (settings: string, sources = {}) =>
    (await load(settings, sources)).policy.trust.clockToleranceSeconds;
  assert.equal(await tolerance(""), 30);
  assert.equal(await tolerance("clock_tolerance_secs: 7"), 7);
  assert.equal(await tolerance("clock_tolerance_secs: 0"), 0);
  assert.equal(await tolerance("clock_tolerance_secs: 7", { clockToleranceSeconds: 5 }), 5);
  assert.equal(await tolerance("clock_tolerance_secs: 7", { clockToleranceSeconds: 0 }), 0);
});

test("trusted roots are united from the file, the flags and the file of keys", async () => {
  const [a, b, c, d] = Array.from({ length: 4 }, newKeyHex) as [string, string, string, string];
  const onlyInFile = newKeyHex();
  const trustedKeysFile = write("keys", `${d}\n${a}\n`);
  const trustedKeys = [b, c, a.toUpperCase()].map((hex) => ({ from: "--trusted-keys", hex }));
  const snapshot = await load(`trusted_roots: ["${a}", "${onlyInFile}"]`, {
    trustedKeys,
    trustedKeysFile,
  });
  assert.deepEqual([...snapshot.policy.trust.roots].sort(), [a, b, c, d, onlyInFile].sort());
  assert.deepEqual(unreadyReasons(snapshot, 0), []);
  for (const sources of [{ trustedKeys }, { trustedKeysFile }])
    assert.deepEqual(unreadyReasons(await load("", sources), 0), []);
});

test("a file of keys may have comments, empty lines, blanks and the line ends of Windows", async () => {
  const [a, b, c] = Array.from({ length: 3 }, newKeyHex) as [string, string, string];
  const text = `# roots\r\n\r\n${a} # the first\r\n  ${b}\t\r\n#${newKeyHex()}\r\n${c}`;
  const { policy } = await load("", { trustedKeysFile: write("keys", text) });
  assert.deepEqual([...policy.trust.roots].sort(), [a, b, c].sort());
});

test("each wrong key is named by its place, and never by its text", async () => {
  const seed = Buffer.from(seedOf(generateSigningKey())).toString("hex").slice(1);
  const trustedKeysFile = write("keys", `# roots\r\n${newKeyHex()}\r\n${seed}\r\nnonsense\r\n`);
  const errors = await errorsOf({ trustedKeysFile, trustedKeys: [{ from: "--trusted-keys", hex: seed }] });
  const places = ["--trusted-keys: 63 ", `${trustedKeysFile}:3:1: 63 `, `${trustedKeysFile}:4:1: 8 `];
  assert.equal(errors.length, places.length);
  for (const [i, place] of places.entries()) assert.ok(errors[i]?.startsWith(place), errors[i]);
  assert.ok(!errors.join("\n").includes(seed) && !errors.join("\n").includes("nonsense"));
});

test("files that can't be read are all reported at once", async () => {
  const bad = write("latin1", Uint8Array.of(0xff));
  const none = join(folder, "none");
  assert.deepEqual(await errorsOf({ trustedKeysFile: bad, configFile: none }), [
    `${bad}: is not UTF-8 text`,
    `${none}: no such file`,
  ]);
  assert.deepEqual(await errorsOf({ trustedKeysFile: folder }), [`${folder}: is a folder, not a file`]);
});

test("credentials are stripped and details shown only where the file says so", async () => {
  assert.deepEqual((await load("")).answers, { debugMode: false, stripHeaders: [] });
  const names = "warrant_header: X-W, pop_header: X-P, approval_header: X-A";
  const { answers } = await load(`debug_mode: true, strip_credentials: true, ${names}`);
  assert.deepEqual(answers, {
    debugMode: true,
    stripHeaders: ["x-w", "x-p", "x-a"],
  });
});

test("a snapshot tells which file it was made of, and when", async () => {
  const sha256 = createHash("sha256").update(file("")).digest("hex");
  const { gateway: _, ...config } = (await load("")).config;
  assert.deepEqual(config, { text: file(""), sha256, loadedAt: "1970-01-01T00:00:00.000Z" });
});

test("a snapshot is frozen", async () => {
  const snapshot = await load("");
  for (const part of [snapshot, snapshot.policy, snapshot.policy.trust, snapshot.answers, snapshot.config])
    assert.ok(Object.isFrozen(part));
});
