import assert from "node:assert/strict";
import { test } from "node:test";
import { deserialize, serialize } from "node:v8";
import { pack, unpack } from "../../../../src/server/state/parcel.ts";
import type { Parts } from "../../../../src/server/state/snapshot.ts";
import { packIds } from "../../../../src/warrant/packed-ids.ts";
import { snapshotOf } from "../../../support/service.ts";
import { newKey } from "../../../support/warrants.ts";

const [root, other] = [newKey().publicKey, newKey().publicKey];
const gatewayYaml = (tool: string): string => `
version: "2"
settings: {trusted_roots: ["${root.hex}"]}
tools: {${tool}: {}}
routes: [{pattern: /${tool}, tool: ${tool}}]
`;

async function partsOf(tool: string): Promise<Parts> {
  const { config } = await snapshotOf(gatewayYaml(tool));
  const list = { version: 2n ** 63n, issuedAt: 5, issuer: root.hex, ids: packIds(["0a".repeat(16)]) };
  return {
    config,
    trustedKeys: { keys: [root, other], sha256: "ab" },
    revocationList: {
      revocation: { list: { ...list, contentHash: "cd" }, required: true, maxAgeSeconds: 60 },
      sha256: "ef",
    },
    tls: {
      ...{ notAfter: 7, fingerprint: "aa", clientCa: "PEM", clientCaFingerprints: new Set(["bb"]) },
      secrets: () => ({ cert: "CERT", key: "KEY" }),
    },
  };
}

/** As it comes out at the other end of a channel between processes. */
const sent = <Value>(value: Value): Value => deserialize(serialize(value));

test("another process gets every part as it was", async () => {
  const parts = await partsOf("read");
  const got = unpack(sent(pack(parts)));
  assert.deepEqual({ ...got.config, gateway: undefined }, { ...parts.config, gateway: undefined });
  assert.deepEqual([...got.config.gateway.routes.tools.keys()], ["read"]);
  assert.deepEqual(
    got.trustedKeys.keys.map(({ hex }) => hex),
    [root.hex, other.hex],
  );
  const { ids, ...list } = got.revocationList?.revocation.list ?? { ids: new Uint8Array() };
  assert.deepEqual(list, { version: 2n ** 63n, issuedAt: 5, issuer: root.hex, contentHash: "cd" });
  assert.equal(Buffer.from(ids).toString("hex"), "0a".repeat(16));
  assert.deepEqual(got.tls?.secrets(), { cert: "CERT", key: "KEY" });
  assert.deepEqual({ ...got.tls, secrets: 0 }, { ...parts.tls, secrets: 0 });
});

test("a part that isn't there is not there", async () => {
  const { config, trustedKeys } = await partsOf("read");
  const got = unpack(sent(pack({ config, trustedKeys, revocationList: undefined, tls: undefined })));
  assert.deepEqual([got.revocationList, got.tls], [undefined, undefined]);
});

test("only what has changed is sent, and the rest stays the very same", async () => {
  const before = await partsOf("read");
  const { config } = await partsOf("write");
  const parcel = pack({ ...before, config }, before);
  assert.deepEqual(Object.keys(parcel), ["config"]);
  const held = unpack(pack(before));
  const got = unpack(sent(parcel), held);
  assert.deepEqual([...got.config.gateway.routes.tools.keys()], ["write"]);
  assert.equal(got.trustedKeys, held.trustedKeys);
  assert.equal(got.revocationList, held.revocationList);
  assert.equal(got.tls, held.tls);
});

test("nothing that prints a snapshot prints a private key", async () => {
  const got = unpack(sent(pack(await partsOf("read"))));
  assert.ok(!JSON.stringify(got.tls).includes("KEY"));
});

test("what isn't whole is no state", async () => {
  assert.throws(() => unpack({}), /lacks/);
  const { config } = pack(await partsOf("read"));
  assert.ok(config);
  assert.throws(() => unpack({ config: { ...config, text: "tools: [" } }), /doesn't compile/);
});
