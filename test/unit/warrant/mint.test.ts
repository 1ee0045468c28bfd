import assert from "node:assert/strict";
import { test } from "node:test";
import { generateSigningKey, signingKeyFromSeed } from "../../../src/crypto/ed25519.ts";
import { finish } from "../../../src/steps.ts";
import type { GateMap } from "../../../src/warrant/approval/gate.ts";
import type { Trust } from "../../../src/warrant/chain.ts";
import { all, exact, oneOf, pattern, range, wildcard } from "../../../src/warrant/constraint/index.ts";
import { type ConstraintSet, constraintSet } from "../../../src/warrant/constraint-set.ts";
import { encodeHeader, parseWarrantHeader } from "../../../src/warrant/header.ts";
import { delegate, delegateUnchecked, encodeStack, type Grant, mint } from "../../../src/warrant/mint.ts";
import { isStack, parseStack } from "../../../src/warrant/parse.ts";
import { signProof } from "../../../src/warrant/proof.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { leafOf, type Stack, type Warrant } from "../../../src/warrant/warrant.ts";
import { chainRefusal } from "../../support/judge.ts";

const NOW = 1_704_067_500;
const root = generateSigningKey();
const planner = generateSigningKey();
const worker = generateSigningKey();
const trust: Trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 };
const args = new Map([["path", "data/a"]]);

const grant = (changes: Partial<Grant> = {}): Grant => ({
  holder: planner.publicKey,
  tools: { read: constraintSet({ path: pattern("data/*") }) },
  issuedAt: NOW,
  lifetimeSeconds: 600,
  ...changes,
});
const minted = mint(root, grant());
const delegated = delegate(planner, minted, grant({ holder: worker.publicKey, lifetimeSeconds: 60 }));

function verdict(stack: Stack, key = worker, now = NOW): string {
  const proof = encodeHeader(signProof(key, { warrant: leafOf(stack), tool: "read", args }, now));
  return finish(verifyCall(stack, { tool: "read", args, proof }, trust, now)).refused ?? "allow";
}

function reread(stack: Stack): Stack {
  const parsed = finish(parseWarrantHeader(encodeHeader(encodeStack(stack))));
  assert.ok(isStack(parsed));
  return parsed;
}

test("what is minted and delegated here is read and allowed here", () => {
  assert.equal(verdict(reread(minted), planner), "allow");
  assert.equal(verdict(reread(delegated)), "allow");
  assert.equal(leafOf(delegated).depth, 1);
});

test("the worked example of the wire format gives the same proof", () => {
  const parsed = finish(
    parseWarrantHeader(
      "gwFYk6oAAQFQAYwAAAAAAAAAAAAAAAAAAQIAA6FpcmVhZF9maWxloWtjb25zdHJhaW50c6FkcGF0aIIQ9gSCAVgggTl3Dqh9F19Wo1Rm" +
        "w0x-zMuNipG07jeiXfYPW4_Js5QFggFYIIqI4910CfGV_VLbLTy6XXLKZwm_HZQSG_N0iAG0D29cBhplkgCABxplkg6QCAMSAIIBWEDf" +
        "PKfCfaEA0PpusujZc2XSe2_fMEzkdOhaEHYBrQ4Kge3Ax-7Levq8f6JpqmDAkEyvNNL9GF1uehmTkK2pxBAN",
    ),
  );
  assert.ok(isStack(parsed));
  const holder = signingKeyFromSeed(Buffer.alloc(32, 2));
  const call = { warrant: leafOf(parsed), tool: "read_file", args: new Map([["path", "/x"]]) };
  assert.equal(
    encodeHeader(signProof(holder, call, NOW)),
    "0HRTmqP1Q62tsE_TroC4nBLc_IfcPRnzWYlefUzZN0LgTFCiqv3GsAGUFbKC5-0TktklfJlPOlCYqwiYzeEhCQ",
  );
});

test("a delegation that widens anything isn't made, and is refused when made all the same", () => {
  const wider: Readonly<Record<string, Partial<Grant>>> = {
    "outlives its parent": { lifetimeSeconds: 601 },
    "was issued before its parent": { issuedAt: NOW - 1 },
    "max_depth is beyond": { maxDepth: 65 - 1, lifetimeSeconds: 60 },
    "doesn't grant `write`": { tools: { write: constraintSet({}) } },
    "drops the constraint on `path`": { tools: { read: constraintSet({}) } },
    "adds the argument `mode`": {
      tools: { read: constraintSet({ path: exact("data/a"), mode: exact("r") }) },
    },
    "allows unknown arguments": { tools: { read: constraintSet({ path: exact("data/a") }, true) } },
    "widens `path`": { tools: { read: constraintSet({ path: pattern("*") }) } },
    "grants no tools": { tools: {} },
    "its clearance is above": { clearance: 1 },
  };
  const shallow = mint(root, grant({ maxDepth: 8 }));
  for (const [why, changes] of Object.entries(wider)) {
    const child = { ...grant({ holder: worker.publicKey, lifetimeSeconds: 60 }), ...changes };
    assert.throws(
      () => delegate(planner, shallow, child),
      { name: "RangeError", message: new RegExp(why) },
      why,
    );
    assert.equal(verdict(delegateUnchecked(planner, shallow, child)), "chain_invalid", why);
  }
  assert.throws(() => delegate(worker, minted, grant()), /isn't signed by the holder/);
});

test("a grant that breaks a rule of the format isn't signed", () => {
  for (const changes of [
    { lifetimeSeconds: 0 },
    { lifetimeSeconds: 91 * 86_400 },
    { maxDepth: 65 },
    { tools: { "": constraintSet({}) } },
    { tools: { "tenuo:revoke": constraintSet({}) } },
    { clearance: 256 },
  ]) {
    assert.throws(() => mint(root, grant(changes)), RangeError, JSON.stringify(changes));
  }
});

test("rights can't be laundered through an empty tools map", () => {
  const everything: Readonly<Record<string, ConstraintSet>> = { "*": constraintSet({}) };
  const empty = delegateUnchecked(planner, minted, grant({ holder: worker.publicKey, tools: {} }));
  const laundered = delegateUnchecked(worker, empty, grant({ holder: worker.publicKey, tools: everything }));
  assert.equal(verdict(laundered), "chain_invalid");
});

test("a `*` tool can't shed the strict entry it would serve", () => {
  const mixed = mint(
    root,
    grant({ tools: { "*": constraintSet({}), read: constraintSet({ path: exact("x") }) } }),
  );
  const shed = delegateUnchecked(
    planner,
    mixed,
    grant({ holder: worker.publicKey, tools: { "*": constraintSet({}) } }),
  );
  assert.equal(verdict(shed), "chain_invalid");
});

test("turning any single bit of a stack or of its proof denies the call", () => {
  const bytes = Uint8Array.from(encodeStack(delegated));
  const proof = Uint8Array.from(signProof(worker, { warrant: leafOf(delegated), tool: "read", args }, NOW));
  const allows = (stackBytes: Uint8Array, proofBytes: Uint8Array): boolean => {
    const stack = finish(parseStack(stackBytes));
    if (!isStack(stack)) return false;
    const result = finish(
      verifyCall(stack, { tool: "read", args, proof: encodeHeader(proofBytes) }, trust, NOW),
    );
    return result.refused === undefined;
  };
  assert.ok(allows(bytes, proof));
  for (let bit = 0; bit < bytes.length * 8; bit++)
    assert.ok(!allows(flipped(bytes, bit), proof), `stack bit ${bit}`);
  for (let bit = 0; bit < proof.length * 8; bit++)
    assert.ok(!allows(bytes, flipped(proof, bit)), `proof bit ${bit}`);
});

test("constraints and arguments whose product would take seconds are refused", () => {
  const many = (count: number) => all(Array.from({ length: count }, () => pattern("a*")));
  const granted = (count: number) => ({ tools: { read: constraintSet({ path: many(count) }) } });
  const open = mint(root, grant({ tools: { read: constraintSet({ path: wildcard }) } }));
  const wide = delegateUnchecked(planner, open, grant({ holder: worker.publicKey, ...granted(1000) }));
  const long = new Map([["path", "a".repeat(65_000)]]);
  const proof = encodeHeader(signProof(worker, { warrant: leafOf(wide), tool: "read", args: long }, NOW));
  assert.deepEqual(
    finish(verifyCall(wide, { tool: "read", args: long, proof }, trust, NOW)).refused,
    "constraint_violation",
  );
  const last = all([...Array.from({ length: 1000 }, () => pattern("b*")), pattern("a*")]);
  const tools = { read: constraintSet({ path: last }) };
  const wider = delegateUnchecked(worker, wide, grant({ holder: worker.publicKey, tools }));
  assert.match(chainRefusal(wider, trust, NOW)?.detail ?? "", /too long to compare/);
  assert.equal(chainRefusal(wide, trust, NOW), undefined);
});

test("strangers cost no signature check: a forged root is refused by its key alone", () => {
  const forged = { ...minted[0], issuer: worker.publicKey };
  assert.equal(chainRefusal([forged], trust, NOW)?.refused, "untrusted_root");
});

test("every constraint of a grant survives minting", () => {
  const tools = {
    t: constraintSet({ a: oneOf(["x", 1n, 1]), b: range({ min: 0, max: 5, maxInclusive: false }) }, true),
  };
  const set = leafOf(reread(mint(root, grant({ tools })))).tools.get("t");
  assert.deepEqual(
    [...(set?.constraints ?? [])].map(([name, constraint]) => [name, constraint.describe()]),
    [
      ["a", "OneOf(x, 1, 1.0)"],
      ["b", "Range[0, 5)"],
    ],
  );
  assert.equal(set?.allowUnknown, true);
});

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

test("gates and approvers are minted as given, and a child keeps them", () => {
  const gates: GateMap = new Map([
    ["other", { args: null, message: "Ask finance" }],
    [
      "read",
      {
        args: new Map([
          ["depth", { on: "no_match", constraint: range({ max: 3 }) }],
          ["mode", { on: "all" }],
          ["path", { on: "match", constraint: exact("data/a") }],
        ]),
      },
    ],
  ]);
  const approvers = [worker.publicKey, planner.publicKey];
  const gated = mint(root, grant({ approval: { gates, approvers, minApprovals: 1 } }));
  const child = delegate(planner, gated, grant({ holder: worker.publicKey }));
  for (const warrant of [leafOf(gated), leafOf(child)]) {
    assert.deepEqual(shown(warrant.gates), shown(gates));
    assert.deepEqual(
      warrant.requiredApprovers.map((key) => key.hex),
      approvers.map((key) => key.hex),
    );
    assert.equal(warrant.minApprovals, 1);
  }
  assert.equal(verdict(child), "approval_required");
  const open = grant({ holder: worker.publicKey, approval: { gates: new Map(), approvers: [] } });
  assert.throws(() => delegate(planner, gated, open), /drops the approval gate of `read`/);
});

/** Constraints are compared by what they say, as functions are never equal. */
function shown(gates: Warrant["gates"]) {
  assert.ok(gates instanceof Map);
  return Array.from(gates, ([tool, { args, message }]) => {
    const asked = Array.from(args ?? [], ([name, gate]) => [
      name,
      gate.on,
      "constraint" in gate ? gate.constraint.describe() : undefined,
    ]);
    return [tool, message, args === null ? null : asked];
  });
}

test("a chain that names more approvers than one warrant may is refused, before any is looked at", () => {
  const approvers = (count: number) => Array.from({ length: count }, () => generateSigningKey().publicKey);
  const naming = (count: number) => ({ approval: { gates: new Map(), approvers: approvers(count) } });
  const open = (holder: Grant["holder"], count: number) => grant({ holder, ...naming(count) });
  const stackOf = (counts: readonly [number, number]) =>
    delegateUnchecked(
      planner,
      mint(root, open(planner.publicKey, counts[0])),
      open(worker.publicKey, counts[1]),
    );
  assert.equal(verdict(mint(root, open(worker.publicKey, 64))), "allow");
  assert.equal(verdict(stackOf([32, 33])), "chain_invalid");
});
