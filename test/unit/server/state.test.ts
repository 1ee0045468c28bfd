import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { readFloors } from "../../../src/server/revocation-floor.ts";
import { loadSnapshot, type Sources } from "../../../src/server/snapshot.ts";
import { createState, type State } from "../../../src/server/state.ts";
import { type ListContent, signList } from "../../support/revocation-list.ts";

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
const WITH_LIST = gateway("revocation: {file: list}");

function writeAll(config = WITH_LIST, content: ListContent = { version: 5, ids: [ID] }): void {
  writeFileSync(configFile, config);
  writeFileSync(trustedKeysFile, `${root.publicKey.hex}\n`);
  writeFileSync(listFile, signList(root, content));
}

async function start(more: Partial<Sources> = {}): Promise<State> {
  const sources = { configFile, trustedKeys: [], trustedKeysFile, ...more };
  const loaded = await loadSnapshot(sources, new Date());
  if (!loaded.ok) assert.fail(loaded.errors.join("\n"));
  return createState(sources, loaded.snapshot);
}

/** The version of the list in force. */
const version = (state: State) => state.snapshot().policy.trust.revocation?.list.version;

async function errorsOf(state: State): Promise<readonly string[]> {
  const before = state.snapshot();
  const loaded = await state.reload();
  assert.ok(!loaded.ok);
  assert.equal(state.snapshot(), before, "the very same snapshot stays in force");
  assert.deepEqual(state.failedReload()?.errors, loaded.errors);
  return loaded.errors;
}

test("a reload puts all files in force at once", async () => {
  writeAll();
  const state = await start();
  const first = state.snapshot();
  const other = generateSigningKey().publicKey.hex;
  writeAll(gateway(`revocation: {file: list}, mode: audit, trusted_roots: ["${other}"]`), { version: 6 });
  assert.ok((await state.reload()).ok);
  const { policy, config } = state.snapshot();
  assert.equal(policy.mode, "audit");
  assert.deepEqual([...policy.trust.roots].sort(), [root.publicKey.hex, other].sort());
  assert.equal(version(state), 6n);
  assert.notEqual(config.sha256, first.config.sha256);
  assert.equal(first.policy.mode, "enforce", "who holds the one before keeps it whole");
  assert.ok(Object.isFrozen(state.snapshot()));
});

test("a gateway.yaml that is as before isn't compiled again", async () => {
  writeAll();
  const state = await start();
  const { gateway: before } = state.snapshot().policy;
  writeAll(WITH_LIST, { version: 6 });
  assert.ok((await state.reload()).ok);
  assert.equal(version(state), 6n);
  assert.equal(state.snapshot().policy.gateway, before);
});

test("with an error in any file nothing changes, and every error is told with its place", async () => {
  writeAll();
  const state = await start();
  writeAll(gateway("mod: audit"), { version: 6 });
  writeFileSync(trustedKeysFile, "# roots\nnone\n");
  const errors = await errorsOf(state);
  assert.equal(errors.length, 2);
  assert.ok(errors[0]?.startsWith(`${trustedKeysFile}:2:1: `), errors[0]);
  assert.ok(errors[1]?.startsWith(`${configFile}:3:12: `), errors[1]);
  rmSync(configFile);
  assert.ok((await errorsOf(state)).includes(`${configFile}: no such file`));
  writeAll();
  assert.ok((await state.reload()).ok);
  assert.equal(state.failedReload(), undefined);
});

test("a list never goes back behind the one in force, and never goes away", async () => {
  writeAll();
  const state = await start();
  writeAll(WITH_LIST, { version: 4 });
  assert.match((await errorsOf(state)).join(), /list: has version 4, but version 5 was in force already/);
  writeAll(WITH_LIST, { version: 5 });
  assert.match(
    (await errorsOf(state)).join(),
    /has the version 5 of a list that was in force, but other ids/,
  );
  writeAll(WITH_LIST, { version: 7 });
  assert.ok((await state.reload()).ok);

  writeAll(gateway(""));
  assert.match(
    (await errorsOf(state)).join(),
    /no revocation list is named, and version 7 of one is in force/,
  );
  assert.equal(version(state), 7n);
});

test("the last trusted root never goes away by a reload", async () => {
  writeAll(gateway(""));
  const state = await start();
  writeFileSync(trustedKeysFile, "");
  assert.match((await errorsOf(state)).join(), /^no trusted root is left/);
  const other = generateSigningKey().publicKey.hex;
  writeFileSync(trustedKeysFile, other);
  assert.ok((await state.reload()).ok);
  assert.deepEqual([...state.snapshot().policy.trust.roots], [other]);
});

test("the floor rises only with a reload that succeeds", async () => {
  writeAll();
  const state = await start({ revocationFloor });
  const floor = () => readFloors(revocationFloor).get(root.publicKey.hex)?.version;
  assert.equal(floor(), 5n);
  writeAll(gateway("mod: audit"), { version: 6 });
  await errorsOf(state);
  assert.equal(floor(), 5n);
  writeAll(WITH_LIST, { version: 6 });
  assert.ok((await state.reload()).ok);
  assert.equal(floor(), 6n);
});
