import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import { loadSnapshot, type Sources } from "../../../../src/server/state/load-snapshot.ts";
import { messagesOf, type Part } from "../../../../src/server/state/part.ts";
import { readFloors } from "../../../../src/server/state/revocation-floor.ts";
import { createState, type State } from "../../../../src/server/state/state.ts";
import { unixNow } from "../../../../src/server/unix-now.ts";
import { type ListContent, rfc3339, signList } from "../../../support/revocation-list.ts";
import { waitFor } from "../../../support/wait.ts";

const root = generateSigningKey();
const ID = "tnu_wrt_018c0000000070008000000000000001";

const folder = mkdtempSync(join(tmpdir(), "tenuo-state-"));
after(() => rmSync(folder, { recursive: true }));
const configFile = join(folder, "gateway.yaml");
const trustedKeysFile = join(folder, "keys");
const listFile = join(folder, "list");
const revocationFloor = join(folder, "floor");

const gateway = (settings: string) => `
version: "2"
settings: {${settings}}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;
const LIST = "revocation: {file: list}";
const WITH_LIST = gateway(LIST);

function writeAll(config = WITH_LIST, content: ListContent = { version: 5, ids: [ID] }): void {
  writeFileSync(configFile, config);
  writeFileSync(trustedKeysFile, `${root.publicKey.hex}\n`);
  writeFileSync(listFile, signList(root, content));
}

async function start(more: Partial<Sources> = {}): Promise<State> {
  const sources = { configFile, trustedKeys: [], trustedKeysFile, ...more };
  const loaded = await loadSnapshot(sources, new Date());
  if (!loaded.ok) assert.fail(messagesOf(loaded.errors).join("\n"));
  return createState(sources, loaded);
}

/** The version of the list in force. */
const version = (state: State) => state.snapshot().policy.trust.revocation?.list.version;
const mode = (state: State) => state.snapshot().policy.mode;
const roots = (state: State) => [...state.snapshot().policy.trust.roots].sort();

async function reload(state: State): Promise<void> {
  const { errors, snapshot } = await state.reload();
  assert.deepEqual(errors, []);
  assert.equal(state.snapshot(), snapshot);
  assert.equal(state.failedReload(), undefined);
}

/** Reloads, which must refuse these parts and leave them as they are. @returns the messages */
async function refusedParts(state: State, ...parts: Part[]): Promise<readonly string[]> {
  const before = state.snapshot();
  const { errors } = await state.reload();
  assert.deepEqual([...new Set(errors.map(({ part }) => part))].sort(), parts.sort());
  assert.deepEqual(state.failedReload()?.errors, errors);
  const now = state.snapshot();
  if (parts.includes("config")) assert.equal(now.config, before.config);
  if (parts.includes("trusted_keys")) assert.equal(now.trustedKeys, before.trustedKeys);
  if (parts.includes("revocation_list")) assert.equal(now.revocationList, before.revocationList);
  return messagesOf(errors);
}

test("a reload puts all files in force at once", async () => {
  writeAll();
  const state = await start();
  const first = state.snapshot();
  const other = generateSigningKey().publicKey.hex;
  writeAll(gateway(`${LIST}, mode: audit, trusted_roots: ["${other}"]`), { version: 6 });
  await reload(state);
  assert.equal(mode(state), "audit");
  assert.deepEqual(roots(state), [root.publicKey.hex, other].sort());
  assert.equal(version(state), 6n);
  assert.notEqual(state.snapshot().config.sha256, first.config.sha256);
  assert.equal(first.policy.mode, "enforce", "who holds the one before keeps it whole");
  assert.ok(Object.isFrozen(state.snapshot()));
});

test("where nothing changed the very same snapshot stays in force", async () => {
  writeAll(gateway(`${LIST}, trusted_roots: ["${generateSigningKey().publicKey.hex}"]`));
  const state = await start();
  const before = state.snapshot();
  await reload(state);
  assert.equal(state.snapshot(), before);
});

test("a gateway.yaml that is as before isn't compiled again", async () => {
  writeAll();
  const state = await start();
  const { config } = state.snapshot();
  writeAll(WITH_LIST, { version: 6 });
  await reload(state);
  assert.equal(version(state), 6n);
  assert.equal(state.snapshot().config, config);
});

test("a bad gateway.yaml stays as it was, and holds up neither a new list nor the removal of a root", async () => {
  const [stolen, kept] = [generateSigningKey().publicKey.hex, root.publicKey.hex];
  writeAll();
  writeFileSync(trustedKeysFile, `${kept}\n${stolen}\n`);
  const state = await start();
  assert.deepEqual(roots(state), [kept, stolen].sort());
  writeAll(gateway(`${LIST}, mod: audit`), { version: 6, ids: [] });
  const errors = await refusedParts(state, "config");
  assert.ok(errors[0]?.startsWith(`${configFile}:3:38: `), errors[0]);
  assert.deepEqual(roots(state), [kept]);
  assert.equal(version(state), 6n);
  assert.equal(mode(state), "enforce");
  rmSync(configFile);
  assert.deepEqual(await refusedParts(state, "config"), [`${configFile}: no such file`]);
  writeAll(gateway(`${LIST}, mode: audit`), { version: 6 });
  await reload(state);
  assert.equal(mode(state), "audit");
});

test("bad keys stay as they were, and hold up nothing else", async () => {
  writeAll();
  const state = await start();
  writeAll(gateway(`${LIST}, mode: audit`), { version: 6 });
  writeFileSync(trustedKeysFile, "# roots\nnone\n");
  const errors = await refusedParts(state, "trusted_keys");
  assert.ok(errors[0]?.startsWith(`${trustedKeysFile}:2:1: `), errors[0]);
  assert.deepEqual([mode(state), version(state), roots(state)], ["audit", 6n, [root.publicKey.hex]]);
});

test("a bad list stays as it was with its old terms, and holds up nothing else", async () => {
  writeAll(gateway("revocation: {file: list, max_age_secs: 1000}"));
  const state = await start();
  writeAll(gateway("revocation: {file: other, max_age_secs: 2000}, mode: audit"), { version: 6 });
  assert.match((await refusedParts(state, "revocation_list")).join(), /other: no such file$/);
  assert.deepEqual([mode(state), version(state)], ["audit", 5n]);
  assert.equal(state.snapshot().policy.trust.revocation?.maxAgeSeconds, 1000);
  writeFileSync(join(folder, "other"), signList(root, { version: 6 }));
  await reload(state);
  assert.equal(state.snapshot().policy.trust.revocation?.maxAgeSeconds, 2000);
  assert.equal(version(state), 6n);
});

test("a gateway.yaml that asks for the first list isn't in force until that can be used", async () => {
  writeAll(gateway(""));
  const state = await start();
  for (const spoil of [() => rmSync(listFile), () => writeFileSync(listFile, "?")]) {
    writeAll(gateway(`${LIST}, mode: audit`));
    spoil();
    const errors = await refusedParts(state, "config", "revocation_list");
    assert.ok(errors[1]?.startsWith(`${configFile}: names the first revocation list`), errors[1]);
    assert.deepEqual([mode(state), version(state)], ["enforce", undefined]);
  }
  writeAll(gateway(`${LIST}, mode: audit`));
  await reload(state);
  assert.deepEqual([mode(state), version(state)], ["audit", 5n]);
});

test("without its first list a gateway.yaml can't bring the roots that another file gives away", async () => {
  writeAll(gateway(""));
  const state = await start();
  writeAll(gateway(`trusted_roots: ["${generateSigningKey().publicKey.hex}"], ${LIST}`));
  writeFileSync(trustedKeysFile, "");
  rmSync(listFile);
  await refusedParts(state, "config", "revocation_list", "trusted_keys");
  assert.deepEqual(roots(state), [root.publicKey.hex]);
});

test("what a retry comes to counts only where it isn't what the last reload came to", async () => {
  writeAll();
  const state = await start();
  const ahead = unixNow() + 32;
  writeAll(WITH_LIST, { version: 8, issuedAt: rfc3339(ahead) });
  await refusedParts(state, "revocation_list");
  const before = state.reloads();
  assert.equal(await state.retry(), undefined);
  assert.deepEqual(state.reloads(), before);
  await waitFor("the time of the list", async () => (await state.retry()) && true);
  assert.equal(version(state), 8n);
  assert.equal(state.failedReload(), undefined);
  assert.equal(state.reloads().revocationList.success, before.revocationList.success + 1);
});

test("a root goes although it signed the list in force, which stays", async () => {
  writeAll();
  const state = await start();
  const other = generateSigningKey().publicKey.hex;
  writeFileSync(trustedKeysFile, other);
  assert.match(
    (await refusedParts(state, "revocation_list")).join(),
    /is signed by .*, and may be signed by/,
  );
  assert.deepEqual([roots(state), version(state)], [[other], 5n]);
});

test("errors in several files are told together, each with its part", async () => {
  writeAll();
  const state = await start();
  const before = state.snapshot();
  writeAll(gateway("mod: audit"), { version: 4 });
  writeFileSync(trustedKeysFile, "none");
  assert.equal((await refusedParts(state, "config", "trusted_keys", "revocation_list")).length, 3);
  assert.equal(state.snapshot(), before, "the very same snapshot stays in force");
});

test("a list never goes back behind the one in force, and never goes away", async () => {
  writeAll();
  const state = await start();
  writeAll(WITH_LIST, { version: 4 });
  assert.match(
    (await refusedParts(state, "revocation_list")).join(),
    /list: has version 4, but version 5 was in force already/,
  );
  writeAll(WITH_LIST, { version: 5 });
  assert.match(
    (await refusedParts(state, "revocation_list")).join(),
    /has the version 5 of a list that was in force, but other ids/,
  );
  writeAll(WITH_LIST, { version: 7 });
  await reload(state);

  writeFileSync(configFile, gateway("mode: audit"));
  assert.match(
    (await refusedParts(state, "config")).join(),
    /gateway.yaml: no revocation list is named, and version 7 of one is in force/,
  );
  assert.deepEqual([version(state), mode(state)], [7n, "enforce"]);
  writeFileSync(configFile, gateway("revocation: {required: true}"));
  assert.match((await refusedParts(state, "config")).join(), /requires a list and names none/);
});

test("the file that would take away the last trusted root stays as it was", async () => {
  writeAll(gateway(""));
  const state = await start();
  writeAll(gateway("mode: audit"));
  writeFileSync(trustedKeysFile, "");
  const errors = await refusedParts(state, "trusted_keys");
  assert.ok(errors[0]?.startsWith(`${trustedKeysFile}: no trusted root is left`), errors[0]);
  assert.deepEqual([roots(state), mode(state)], [[root.publicKey.hex], "audit"]);

  const other = generateSigningKey().publicKey.hex;
  writeFileSync(configFile, gateway(`trusted_roots: ["${other}"]`));
  await reload(state);
  assert.deepEqual(roots(state), [other]);
  writeFileSync(configFile, gateway("mode: audit"));
  assert.match((await refusedParts(state, "config")).join(), /gateway.yaml: no trusted root is left/);
  assert.deepEqual(roots(state), [other]);
});

test("roots that move from one file into another that is bad stay", async () => {
  writeAll(gateway(`trusted_roots: ["${root.publicKey.hex}"]`));
  writeFileSync(trustedKeysFile, "");
  const state = await start();
  writeFileSync(configFile, gateway(""));
  writeFileSync(trustedKeysFile, `${root.publicKey.hex}0`);
  await refusedParts(state, "config", "trusted_keys");
  assert.deepEqual(roots(state), [root.publicKey.hex]);
});

test("the floor rises only with a list that is accepted, whatever else fails", async () => {
  writeAll();
  const state = await start({ revocationFloor });
  const floor = () => readFloors(revocationFloor).get(root.publicKey.hex)?.version;
  assert.equal(floor(), 5n);
  writeAll(WITH_LIST, { version: 4 });
  await refusedParts(state, "revocation_list");
  assert.equal(floor(), 5n);
  writeAll(gateway("mod: audit"), { version: 6 });
  await refusedParts(state, "config");
  assert.deepEqual([floor(), version(state)], [6n, 6n]);
});

test("reloads are counted by what came of them, and lists by themselves", async () => {
  writeAll();
  const state = await start();
  const counts = () => {
    const { total, revocationList } = state.reloads();
    return [total, revocationList].map(({ success, failure }) => [success, failure]);
  };
  const started = state.reloads().lastSuccessAt;
  assert.deepEqual(counts(), [
    [0, 0],
    [0, 0],
  ]);
  writeAll(gateway(`${LIST}, mode: audit`));
  await reload(state);
  const succeeded = state.reloads().lastSuccessAt;
  assert.ok(succeeded >= started);
  writeAll(gateway("mod: audit"), { version: 6 });
  await refusedParts(state, "config");
  writeFileSync(listFile, "?");
  await refusedParts(state, "config", "revocation_list");
  assert.deepEqual(counts(), [
    [1, 2],
    [1, 1],
  ]);
  assert.equal(state.reloads().lastSuccessAt, succeeded);
});

test("what each file held when it was read is remembered, also of one that is missing", async () => {
  writeAll();
  const state = await start();
  assert.deepEqual([...state.seen().keys()].sort(), [configFile, trustedKeysFile, listFile].sort());
  assert.equal(state.seen().get(configFile), state.snapshot().config.sha256);
  rmSync(listFile);
  await refusedParts(state, "revocation_list");
  assert.equal(state.seen().get(listFile), "ENOENT");
});
