import assert from "node:assert/strict";
import { test } from "node:test";
import { finish } from "../../../src/steps.ts";
import { parseWarrantHeader } from "../../../src/warrant/header.ts";
import { isStack } from "../../../src/warrant/parse.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { ownIssuer } from "../../support/own.ts";
import { newKey, unixNow } from "../../support/warrants.ts";

const root = newKey();
const holder = newKey();

/** Why a warrant or stack is refused for every call. */
function refusalOf(warrant: string): string {
  const stack = finish(parseWarrantHeader(warrant));
  if (!isStack(stack)) throw new Error(stack.detail);
  const trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 };
  const call = { tool: "t", args: new Map(), proof: undefined };
  const result = finish(verifyCall(stack, call, trust, unixNow()));
  return result.refused === undefined ? "allowed" : `${result.refused}: ${result.detail}`;
}

test("a delegated warrant without its parents is refused with what to do about it, a stranger's root without", async () => {
  const grant = { holder, tools: { t: {} } };
  const middle = await ownIssuer.delegate(await ownIssuer.mint(root, grant), holder, grant);
  const stack = await ownIssuer.delegate(middle, holder, { holder: newKey(), tools: { t: {} } });
  assert.match(refusalOf(stack), /^missing_pop: /);
  assert.match(
    refusalOf(await ownIssuer.leaf(stack)),
    /^untrusted_root: .*delegated one, of depth 2, .* without its parents; send the whole stack, root first$/,
  );
  const strange = refusalOf(await ownIssuer.mint(newKey(), grant));
  assert.match(strange, /^untrusted_root: /);
  assert.doesNotMatch(strange, /parents/);
});
