import assert from "node:assert/strict";
import { test } from "node:test";
import type { CborValue } from "../../../src/cbor/value.ts";
import { generateSigningKey, type SigningKey } from "../../../src/crypto/ed25519.ts";
import type { Policy } from "../../../src/decision/authorize.ts";
import { createMemory } from "../../../src/decision/memory.ts";
import { createSnapshot } from "../../../src/server/state/snapshot.ts";
import type { Trust } from "../../../src/warrant/chain.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { packIds } from "../../../src/warrant/packed-ids.ts";
import { signProof } from "../../../src/warrant/proof.ts";
import type { Warrant } from "../../../src/warrant/warrant.ts";
import { record } from "../../support/approvals.ts";
import { decide, policyOf, postOf, verdictOn } from "../../support/decide.ts";
import { type RawChain, type RawLink, rawChain, rawTools } from "../../support/raw-chain.ts";
import { snapshotOf } from "../../support/service.ts";

const NOW = 1_700_000_000;
const root = generateSigningKey();
const GATEWAY = `
version: 2
settings: {}
tools: {read: {}}
routes: [{pattern: /read, method: POST, tool: read, constraints: {a: {from: body, path: a}}}]
`;
const trust: Trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 };
const forgetful = policyOf(GATEWAY, trust);

const remembering = (change: Partial<Trust> = {}): Policy => ({
  ...forgetful,
  trust: { ...trust, ...change },
  memory: createMemory(),
});

/** A chain whose links each hold one constraint of the argument `a`. */
function chainOf(...constraints: readonly CborValue[]): RawChain {
  let signer: SigningKey = root;
  const links = constraints.map((constraint): RawLink => {
    const holder = generateSigningKey();
    const link = { signer, holder, fields: { tools: rawTools({ read: { a: constraint } }) } };
    signer = holder;
    return link;
  });
  return rawChain(links, NOW);
}

const WILDCARD: CborValue = [16n, null];

function call({ header, leafId, holder }: RawChain, a = "a", signedAt = NOW) {
  const args = new Map([["a", a]]);
  const proof = signProof(holder, { warrant: { id: leafId } as Warrant, tool: "read", args }, signedAt);
  return postOf(
    "/read",
    { "x-tenuo-warrant": header, "x-tenuo-pop": encodeHeader(proof) },
    JSON.stringify({ a }),
  );
}

/** Whether the chain was known, and what was decided. */
function ask(policy: Policy, request: ReturnType<typeof call>, now = NOW): string {
  const decision = decide(policy, now, request);
  const found = { true: "hit", false: "miss", undefined: "-" }[`${decision.isChainKnown}`];
  return `${found} ${decision.allow ? "allow" : decision.reason}`;
}

test("a chain is known once it was proven, whatever became of the call", () => {
  const policy = remembering();
  const chain = chainOf(WILDCARD, [1n, record({ value: "a" })]);
  assert.equal(ask(policy, call(chain, "b")), "miss constraint_violation");
  assert.equal(ask(policy, call(chain)), "hit allow");
  assert.equal(ask(forgetful, call(chain)), "miss allow");
  assert.equal(ask(policy, postOf("/read", {}, "{}")), "- missing_warrant");
});

test("a chain that doesn't hold is never known", () => {
  const policy = remembering();
  const wider = chainOf([1n, record({ value: "a" })], WILDCARD);
  const { header, ...rest } = chainOf(WILDCARD);
  const forged = { header: `${header.slice(0, -4)}AAAA`, ...rest };
  for (const [chain, verdict] of [
    [wider, "miss chain_invalid"],
    [forged, "miss invalid_warrant"],
  ] as const) {
    for (let i = 0; i < 2; i++) assert.equal(ask(policy, call(chain)), verdict);
  }
});

test("a known chain is held against the clock each time", () => {
  const policy = remembering();
  const chain = chainOf(WILDCARD, WILDCARD);
  assert.equal(ask(policy, call(chain)), "miss allow");
  assert.equal(ask(policy, call(chain, "a", NOW + 599), NOW + 599), "hit allow");
  assert.equal(ask(policy, call(chain, "a", NOW + 600), NOW + 600), "hit warrant_expired");
  assert.equal(ask(policy, call(chain, "a", NOW - 31), NOW - 31), "hit warrant_not_yet_valid");
});

test("a known proof is held against its windows each time", () => {
  const policy = remembering();
  const request = call(chainOf(WILDCARD));
  assert.equal(ask(policy, request), "miss allow");
  // It is kept from the second time on.
  assert.equal(ask(policy, request), "hit allow");
  assert.equal(ask(policy, request), "hit allow");
  assert.equal(ask(policy, request, NOW + 60), "hit allow");
  assert.equal(ask(policy, request, NOW + 90), "hit pop_expired");
  assert.equal(ask(policy, request, NOW + 300), "hit invalid_pop");
});

test("links that ask for the time aren't known, as they may not hold at another", () => {
  const until = new Date(NOW * 1000 + 5_000).toISOString();
  const timed = record({ expression: `!time_is_expired('${until}')` });
  const parent = [12n, record({ constraints: [[15n, timed]] })];
  const policy = remembering();
  const chain = chainOf(parent, [1n, record({ value: "a" })]);
  assert.equal(ask(policy, call(chain)), "miss allow");
  assert.equal(ask(policy, call(chain)), "miss allow");
  assert.equal(ask(policy, call(chain), NOW + 10), "miss chain_invalid");
});

test("a snapshot begins with an empty memory, whichever part of it is new", async () => {
  const before = await snapshotOf(`${GATEWAY.replace("{}", `{trusted_roots: ["${root.publicKey.hex}"]}`)}`);
  const request = call(chainOf(WILDCARD));
  assert.equal(ask(before.policy, request), "miss allow");
  assert.equal(ask(before.policy, request), "hit allow");
  assert.equal(ask(createSnapshot(before, {}).policy, request), "miss allow");
});

test("a warrant that is revoked after it was known is refused", () => {
  const policy = remembering();
  const chain = chainOf(WILDCARD, WILDCARD);
  assert.equal(ask(policy, call(chain)), "miss allow");
  const list = { version: 1n, issuedAt: NOW, issuer: "", ids: packIds([chain.leafId]), contentHash: "" };
  const revoking = { ...policy, trust: { ...trust, revocation: { list, required: false } } };
  assert.equal(ask(revoking, call(chain)), "hit warrant_revoked");
  const stale = { list, required: true, maxAgeSeconds: 10 };
  const required = { ...policy, trust: { ...trust, revocation: stale } };
  assert.equal(ask(required, call(chain), NOW + 11), "hit revocation_unavailable");
});

test("a chain that became longer than is read is unknown", () => {
  const policy = remembering();
  const chain = chainOf(WILDCARD, WILDCARD, WILDCARD);
  assert.equal(ask(policy, call(chain)), "miss allow");
  const short = policyOf(GATEWAY.replace("{}", "{max_chain_length: 2}"), trust);
  const { memory } = policy;
  assert.ok(memory !== undefined);
  assert.equal(ask({ ...short, memory }, call(chain)), "- invalid_warrant");
});

test("a call costs the same effort under a known chain, up to the last step", () => {
  // Most of the effort is reading expressions: twice for the link, and once more for the argument.
  const verdicts = new Set<string>();
  for (let count = 600; count <= 1_100; count += 25) {
    const expression = `value != '${"b".repeat(10)}'${" && value != 'b'".repeat(count)}`;
    const parent: CborValue = [15n, record({ expression })];
    const child: CborValue = [15n, record({ expression: `(${expression}) && (true)` })];
    const policy = remembering();
    const request = call(chainOf(parent, child));
    const cold = verdictOn(policy, NOW, request);
    assert.deepEqual(verdictOn(policy, NOW, request), cold);
    assert.deepEqual(verdictOn(forgetful, NOW, request), cold);
    verdicts.add(cold.allow ? "allow" : cold.reason);
  }
  assert.deepEqual([...verdicts], ["allow", "constraint_violation", "chain_invalid"]);
});

test("what a known chain keeps compiled costs the next call the same", () => {
  const policy = remembering();
  const chain = chainOf([5n, record({ pattern: "^(a|b)*c$" })]);
  const ofLength = (length: number) => call(chain, `${"a".repeat(length)}c`);
  const isAllowed = (by: Policy, length: number): boolean => verdictOn(by, NOW, ofLength(length)).allow;
  let [allowed, denied] = [500, 60_000];
  assert.ok(isAllowed(forgetful, allowed) && !isAllowed(forgetful, denied));
  while (denied - allowed > 1) {
    const middle = Math.floor((allowed + denied) / 2);
    if (isAllowed(forgetful, middle)) allowed = middle;
    else denied = middle;
  }
  for (let i = 0; i < 3; i++) {
    assert.ok(isAllowed(policy, allowed));
    assert.ok(!isAllowed(policy, denied));
  }
});
