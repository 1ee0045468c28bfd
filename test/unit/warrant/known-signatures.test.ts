import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { generateSigningKey, signMessage } from "../../../src/crypto/ed25519.ts";
import { createKnownSignatures, type KnownSignatures } from "../../../src/warrant/known-signatures.ts";

const key = generateSigningKey();
const other = generateSigningKey();
const message = Buffer.from("read /data/a");
const signature = signMessage(key, message);

/** Tells of a signature as often as it takes to be kept. */
function keep(
  known: KnownSignatures,
  ...[key, message, signature, owner]: Parameters<KnownSignatures["add"]>
): void {
  known.add(key, message, signature, owner);
  known.add(key, message, signature, owner);
}

test("a signature is kept when it comes a second time", () => {
  const known = createKnownSignatures();
  known.add(key.publicKey, message, signature, "a");
  assert.equal(known.find(signature), undefined);
  known.add(key.publicKey, message, signature, "a");
  assert.equal(known.find(signature)?.(key.publicKey, message), true);
});

test("a signature is known for its key and bytes alone", () => {
  const known = createKnownSignatures();
  assert.equal(known.find(signature), undefined);
  keep(known, key.publicKey, message, signature, "a");
  const isValid = known.find(signature);
  assert.equal(isValid?.(key.publicKey, message), true);
  assert.equal(isValid?.(other.publicKey, message), false);
  for (const changed of ["read /data/b", "read /data/", "read /data/aa", ""]) {
    assert.equal(isValid?.(key.publicKey, Buffer.from(changed)), false, changed);
  }
  const turned = Buffer.from(signature);
  turned[63] = (turned[63] as number) ^ 1;
  assert.equal(known.find(turned), undefined);
});

test("signatures of long messages aren't kept, and ask no hash of others", () => {
  const known = createKnownSignatures();
  const long = Buffer.alloc(20_000);
  keep(known, key.publicKey, long, signMessage(key, long), "a");
  assert.equal(known.find(signMessage(key, long)), undefined);
  keep(known, key.publicKey, message, signature, "a");
  assert.equal(known.find(signature)?.(key.publicKey, long), false);
});

test("a flood of one owner leaves the signatures of another", () => {
  const known = createKnownSignatures();
  keep(known, key.publicKey, message, signature, "a");
  for (let i = 0; i < 20_000; i++) {
    keep(known, key.publicKey, message, createHash("sha512").update(String(i)).digest(), "flood");
  }
  assert.equal(known.find(signature)?.(key.publicKey, message), true);
  assert.equal(known.find(createHash("sha512").update("0").digest()), undefined);
});
