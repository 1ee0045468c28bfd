import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Evaluation } from "../../src/evaluation.ts";
import { finish } from "../../src/steps.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { checkArguments } from "../../src/warrant/constraint-set.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { leafOf, type Stack } from "../../src/warrant/warrant.ts";
import {
  type Asked,
  callUnder,
  chain,
  keyOf,
  type Link,
  MOST_LINKS,
  NOW,
  type Rights,
  toRaw,
} from "../support/arbitrary-chain.ts";
import type { Wire } from "../support/arbitrary-leaf.ts";
import { rawChain } from "../support/raw-chain.ts";
import { runs } from "./runs.ts";

const trust: Trust = { roots: new Set([keyOf(0).publicKey.hex]), clockToleranceSeconds: 30 };

/** The refusal of a call proven by the holder of the stack's last warrant. */
function ask(stack: Stack, { tool, args, requiredClearance }: Asked): string | undefined {
  const proof = encodeHeader(signProof(keyOf(stack.length), { warrant: leafOf(stack), tool, args }, NOW));
  return finish(verifyCall(stack, { tool, args, proof, requiredClearance }, trust, NOW)).refused;
}

test("what a chain allows, every chain above it allows", (t) => {
  const allowed = new Map<number, number>();
  const refused = new Map<string, number>();
  let issued = 0;
  const asking = chain.chain((links) => fc.tuple(fc.constant(links), callUnder(links.at(-1) as Link)));
  fc.assert(
    fc.property(asking, ([links, asked]) => {
      const stack = finish(parseWarrantHeader(rawChain(links.map(toRaw), NOW).header));
      if (!isStack(stack)) return count(refused, stack.refused);
      const refusal = ask(stack, asked);
      if (refusal !== undefined) return count(refused, refusal);
      count(allowed, stack.length);
      for (let length = stack.length - 1; length > 0; length--) {
        const above = stack.slice(0, length) as unknown as Stack;
        // An issuer can't call, but what is called has to be within what it may issue.
        if (leafOf(above).type === "issuer") {
          issued++;
          const { issuableTools, constraintBounds } = leafOf(above);
          assert.ok(issuableTools.has(asked.tool) || issuableTools.has("*"));
          if (constraintBounds === undefined) continue;
          assert.equal(checkArguments(constraintBounds, asked.args, new Evaluation(NOW)), undefined);
        } else assert.equal(ask(above, asked), undefined, `under the first ${length} of ${stack.length}`);
      }
    }),
    runs(1_000),
  );
  t.diagnostic(`allowed, by length: ${shown(allowed)}; below issuers: ${issued}`);
  t.diagnostic(`refused: ${shown(refused)}`);
  for (let length = 2; length <= MOST_LINKS; length++) assert.ok((allowed.get(length) ?? 0) > 2, `${length}`);
  assert.ok(issued > 10);
});

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function shown(counts: ReadonlyMap<unknown, number>): string {
  return [...counts].map(([key, times]) => `${key} ${times}`).join(", ");
}

test("no bit of an allowed request can be turned over", () => {
  const pattern: Wire = [2n, new Map([["pattern", "data/*"]])];
  const rights: Rights = { constraints: new Map([["path", pattern]]), allowUnknown: false };
  const link: Link = {
    tools: new Map([["read", rights]]),
    isIssuer: false,
    bounds: undefined,
    issuedAt: NOW,
    expiresAt: NOW + 60,
    maxDepth: 4,
    clearance: 3,
  };
  const warrant = Buffer.from(rawChain([link, link].map(toRaw), NOW).header, "base64url");
  const stack = finish(parseWarrantHeader(encodeHeader(warrant)));
  assert.ok(isStack(stack));
  const args = new Map([["path", "data/a"]]);
  const proof = Buffer.from(signProof(keyOf(2), { warrant: leafOf(stack), tool: "read", args }, NOW));
  const isAllowed = (): boolean => {
    const read = finish(parseWarrantHeader(encodeHeader(warrant)));
    const call = { tool: "read", args, proof: encodeHeader(proof) };
    return isStack(read) && finish(verifyCall(read, call, trust, NOW)).refused === undefined;
  };

  assert.ok(isAllowed());
  const { numRuns: bitsOfEach } = runs(1);
  for (const bytes of [warrant, proof]) {
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = at; bit < at + Math.min(bitsOfEach, 8); bit++) {
        const mask = 1 << (bit % 8);
        bytes[at] = (bytes[at] as number) ^ mask;
        assert.equal(isAllowed(), false, `mask ${mask} on byte ${at} of ${bytes.length}`);
        bytes[at] = (bytes[at] as number) ^ mask;
      }
    }
  }
  assert.ok(isAllowed());
});
