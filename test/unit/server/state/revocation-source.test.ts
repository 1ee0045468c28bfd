import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { generateSigningKey } from "../../../../src/crypto/ed25519.ts";
import type { RevocationSettings } from "../../../../src/gateway/gateway.ts";
import { createReading } from "../../../../src/server/state/reading.ts";
import { readFloors, writeFloors } from "../../../../src/server/state/revocation-floor.ts";
import {
  type ListInForce,
  loadRevocation,
  type RevocationSource,
} from "../../../../src/server/state/revocation-source.ts";
import { type ListContent, rfc3339, signList } from "../../../support/revocation-list.ts";

const NOW = 1_704_067_500;
const root = generateSigningKey();
const other = generateSigningKey();
const terms = { signers: new Set([root.publicKey.hex]), now: NOW, clockToleranceSeconds: 30 };
const ID = "tnu_wrt_018c0000000070008000000000000001";

const folder = mkdtempSync(join(tmpdir(), "tenuo-revocation-"));
after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const configFile = at("gateway.yaml");

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

function listFile(content: ListContent, key = root): string {
  return write("list", signList(key, { issuedAt: rfc3339(NOW), ...content }));
}

const load = async (source: Partial<RevocationSource>, settings = {}) =>
  (await loadAfter(undefined, source, { required: true, ...settings }))?.revocation;

const loadAfter = (
  inForce: ListInForce | undefined,
  source: Partial<RevocationSource>,
  settings?: RevocationSettings,
) => loadRevocation({ configFile, ...source }, settings, terms, createReading(), inForce);

test("without a list nothing is revoked, unless the settings require one", async () => {
  assert.equal(await loadAfter(undefined, {}), undefined);
  assert.equal(await loadAfter(undefined, {}, { required: false }), undefined);
  await assert.rejects(() => load({}), {
    message: /gateway\.yaml: settings\.revocation requires a list and names none/,
  });
});

test("the list of the command line beats that of the settings, which is relative to gateway.yaml", async () => {
  const file = basename(listFile({ version: 1 }));
  const given = write("given", signList(root, { version: 2, issuedAt: rfc3339(NOW) }));
  assert.equal((await load({}, { file }))?.list.version, 1n);
  assert.equal((await load({}, { file: at(file) }))?.list.version, 1n);
  assert.equal((await load({ revocationList: given }, { file }))?.list.version, 2n);
});

test("signers of the settings replace the trusted roots", async () => {
  const signers = [other.publicKey];
  const byRoot = listFile({ version: 1 });
  await assert.rejects(() => load({ revocationList: byRoot }, { signers }), /may be signed by [0-9a-f]{64}$/);
  const byOther = listFile({ version: 1 }, other);
  await assert.rejects(() => load({ revocationList: byOther }), /may be signed by/);
  assert.equal((await load({ revocationList: byOther }, { signers }))?.list.issuer, other.publicKey.hex);
});

test("age and need come from the settings; a list of the command line alone is required", async () => {
  const revocationList = listFile({});
  const { list: _, ...rest } = (await load({ revocationList }, { maxAgeSeconds: 60, required: false })) ?? {};
  assert.deepEqual(rest, { maxAgeSeconds: 60, required: false });
  assert.equal((await loadAfter(undefined, { revocationList }))?.revocation.required, true);
});

test("a list that can't be used is an error that names its file and says why", async () => {
  const wrong: readonly (readonly [content: string | Uint8Array, why: RegExp])[] = [
    ["", /neither a signed revocation list nor one in standard base64/],
    ["not a list!", /neither a signed revocation list/],
    [Buffer.from("{}").toString("base64"), /isn't a signed revocation list in its canonical form/],
    [Buffer.of(0xa2, 0), /isn't a signed revocation list in its canonical form/],
    [signList(other), /may be signed by [0-9a-f]{64}$/],
    [signList(root, { issuedAt: "2099-01-01T00:00:00Z" }), /signed in the future/],
  ];
  for (const [content, why] of wrong) {
    const revocationList = write("wrong", content);
    await assert.rejects(
      () => load({ revocationList }),
      (error: Error) => error.message.startsWith(`${revocationList}: `) && why.test(error.message),
      String(why),
    );
  }
  await assert.rejects(() => load({ revocationList: at("none") }), {
    message: `${at("none")}: no such file`,
  });
  await assert.rejects(() => load({ revocationList: folder }), /is a folder, not a file/);
  const nobody = { ...terms, signers: new Set<string>() };
  await assert.rejects(
    () => loadRevocation({ configFile, revocationList: listFile({}) }, undefined, nobody, createReading()),
    /no key may sign the list; set a trusted root/,
  );
});

test("a list never goes back behind the one in force", async () => {
  const five = await loadAfter(undefined, { revocationList: listFile({ version: 5, ids: [ID] }) });
  const after = async (content: ListContent) =>
    (await loadAfter(five, { revocationList: listFile(content) }))?.revocation.list.version;
  assert.equal(await after({ version: 6 }), 6n);
  assert.equal(await after({ version: 5, ids: [ID, ID] }), 5n);
  await assert.rejects(() => after({ version: 4 }), /has version 4, but version 5 was in force already/);
  await assert.rejects(() => after({ version: 5 }), /version 5 of a list that was in force, but other ids/);
});

test("a file that holds the same is the very same list, by new terms if there are any", async () => {
  const source = { revocationList: listFile({ version: 5 }) };
  const five = await loadAfter(undefined, source);
  assert.equal(await loadAfter(five, source), five);
  const younger = await loadAfter(five, source, { required: true, maxAgeSeconds: 60 });
  assert.equal(younger?.revocation.maxAgeSeconds, 60);
  assert.equal(younger?.revocation.list, five?.revocation.list);
  await assert.rejects(
    () => loadAfter(five, source, { required: true, signers: [other.publicKey] }),
    /may be signed by/,
  );
});

test("the floor remembers the highest version over restarts, in the reference's form", async () => {
  const revocationFloor = at("floor");
  const start = async (content: ListContent) =>
    (await load({ revocationList: listFile(content), revocationFloor }))?.list;
  const five = await start({ version: 5, ids: [ID] });
  const kept = { [root.publicKey.hex]: [5, five?.contentHash] };
  assert.deepEqual(JSON.parse(readFileSync(revocationFloor, "utf8")), kept);
  await assert.rejects(() => start({ version: 4, ids: [ID] }), /has version 4, but version 5 was in force/);
  await assert.rejects(() => start({ version: 5 }), /but other ids/);
  assert.deepEqual(JSON.parse(readFileSync(revocationFloor, "utf8")), kept, "a refused list leaves it alone");
  assert.equal((await start({ version: 5, ids: [ID] }))?.version, 5n);
  assert.equal((await start({ version: 2n ** 64n - 1n }))?.version, 2n ** 64n - 1n);
  await assert.rejects(() => start({ version: 2n ** 64n - 2n }), /version 18446744073709551615 was in force/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith("floor")),
    ["floor"],
  );
});

test("the floor of any key that may sign counts, and of others none", async () => {
  const revocationFloor = at("shared");
  const signers = [root.publicKey, other.publicKey];
  await load({ revocationList: listFile({ version: 9 }, other), revocationFloor }, { signers });
  const byRoot = listFile({ version: 3 });
  await assert.rejects(
    () => load({ revocationList: byRoot, revocationFloor }, { signers }),
    /version 9 was in force/,
  );
  assert.equal((await load({ revocationList: byRoot, revocationFloor }))?.list.version, 3n);
  assert.deepEqual(
    [...readFloors(revocationFloor).keys()].sort(),
    [...terms.signers, other.publicKey.hex].sort(),
  );
});

test("a floor without a list is an error", async () => {
  await assert.rejects(
    () => load({ revocationFloor: at("floor") }, { required: false }),
    /^Error: --revocation-floor: no list is named/,
  );
});

test("without a floor nothing is written", async () => {
  const before = readdirSync(folder);
  await load({ revocationList: at("list") });
  assert.deepEqual(readdirSync(folder), before);
});

test("a file of floors may be laid out by hand, and anything else is an error", async () => {
  const [key, hash] = ["a".repeat(64), "b".repeat(64)];
  const entry = `"${key}" : [ 18446744073709551615, "${hash}" ]`;
  const floors = readFloors(write("floors", `{\n  ${entry}\n}\n`));
  assert.deepEqual(floors, new Map([[key, { version: 2n ** 64n - 1n, contentHash: hash }]]));
  assert.equal(readFloors(write("floors", "{}")).size, 0);
  assert.equal(readFloors(at("none")).size, 0);
  for (const text of [
    "",
    "[]",
    "null",
    `{${entry}`,
    `{${entry},}`,
    `{${entry} ${entry}}`,
    `{"${key}":[1.5,"${hash}"]}`,
    `{"${key}":[01,"${hash}"]}`,
    `{"${key}":1}`,
  ])
    assert.throws(
      () => readFloors(write("floors", text)),
      /floors: isn't a file of --revocation-floor/,
      text,
    );
});

test("a floor that can't be written is an error", async () => {
  const source = { revocationList: listFile({}), revocationFloor: join(folder, "no folder", "floor") };
  await assert.rejects(
    () => load(source),
    /floor: can't be written, and --revocation-floor has to be: ENOENT/,
  );
  await assert.rejects(() => load({ ...source, revocationFloor: folder }), /is a folder/);
  assert.throws(() => writeFloors(folder, new Map()), /can't be written/);
  assert.ok(!existsSync(`${folder}.new`), "nothing is left behind");
  if (process.getuid?.() === 0) return;
  const locked = mkdtempSync(join(folder, "locked-"));
  chmodSync(locked, 0o500);
  assert.throws(() => writeFloors(join(locked, "floor"), new Map()), /can't be written/);
  assert.ok(!existsSync(join(locked, "floor")));
});
