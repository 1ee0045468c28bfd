import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { finish } from "../../../src/steps.ts";
import { constraintSet } from "../../../src/warrant/constraint-set.ts";
import { delegate, type Grant, mint } from "../../../src/warrant/mint.ts";
import { packIds } from "../../../src/warrant/packed-ids.ts";
import {
  checkRevocation,
  type Revocation,
  staleness,
  unavailability,
} from "../../../src/warrant/revocation.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { leafOf, type Stack, type Warrant } from "../../../src/warrant/warrant.ts";

const NOW = 1_704_067_500;
const root = generateSigningKey();
const planner = generateSigningKey();
const worker = generateSigningKey();

const grant = (changes: Partial<Grant>): Grant => ({
  holder: planner.publicKey,
  tools: { read: constraintSet({}) },
  issuedAt: NOW,
  lifetimeSeconds: 600,
  ...changes,
});
const parent = mint(root, grant({}));
const child = delegate(planner, parent, grant({ holder: worker.publicKey }));

function revoked(warrants: readonly Warrant[], changes: Partial<Revocation> = {}): Revocation {
  const ids = packIds(warrants.map(({ id }) => id));
  const list = { version: 1n, issuedAt: NOW, issuer: root.publicKey.hex, ids, contentHash: "" };
  return { list, required: true, ...changes };
}

const reason = (stack: Stack, revocation?: Revocation, now = NOW) =>
  checkRevocation(stack, revocation, now)?.refused;

test("a revoked parent revokes what is below it, and a revoked child not what is above", () => {
  assert.equal(reason(child, revoked([parent[0]])), "warrant_revoked");
  assert.equal(reason(child, revoked([leafOf(child)])), "warrant_revoked");
  assert.equal(reason(parent, revoked([leafOf(child)])), undefined);
  assert.equal(reason(child, revoked([])), undefined);
  assert.equal(reason(child), undefined);
});

test("of several revoked warrants the one nearest to the root is named", () => {
  const { detail } = checkRevocation(child, revoked([...child]), NOW) ?? {};
  assert.equal(detail, `tnu_wrt_${parent[0].id} is revoked`);
});

test("revocation comes before everything else of the chain", () => {
  const call = { tool: "read", args: new Map(), proof: undefined };
  const stranger = { roots: new Set<string>(), clockToleranceSeconds: 30 };
  const verdict = (revocation: Revocation | undefined, now = NOW) =>
    finish(verifyCall(child, call, revocation === undefined ? stranger : { ...stranger, revocation }, now))
      ?.refused;
  assert.equal(verdict(undefined), "untrusted_root");
  assert.equal(verdict(revoked([parent[0]])), "warrant_revoked");
  assert.equal(verdict(revoked([parent[0]]), NOW + 10_000), "warrant_revoked");
  assert.equal(verdict(revoked([parent[0]], { maxAgeSeconds: 60 }), NOW + 61), "revocation_unavailable");
});

test("a list is good until it is older than its greatest age, and then refuses where it is required", () => {
  const hour = revoked([], { maxAgeSeconds: 3600 });
  assert.equal(reason(child, hour, NOW + 3600), undefined);
  assert.equal(reason(child, hour, NOW + 3601), "revocation_unavailable");
  assert.match(
    unavailability(hour, NOW + 3601) ?? "",
    /signed at 2024-01-01T00:05:00.000Z, more than 3600 seconds/,
  );
  assert.equal(reason(child, revoked([]), NOW + 10 ** 9), undefined, "any age, unless said");
});

test("a list that isn't required is used however old it is", () => {
  const lax = revoked([parent[0]], { maxAgeSeconds: 3600, required: false });
  assert.equal(reason(child, lax, NOW + 3601), "warrant_revoked");
  assert.equal(unavailability(lax, NOW + 3601), undefined);
  assert.match(staleness(lax, NOW + 3601) ?? "", /more than 3600 seconds/);
});
