import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "../../../src/cbor/encode.ts";
import type { CborValue } from "../../../src/cbor/value.ts";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { finish } from "../../../src/steps.ts";
import { parseApprovalsHeader } from "../../../src/warrant/approval/header.ts";
import { parseWarrantHeader } from "../../../src/warrant/header.ts";
import {
  MAX_CONSTRAINT_MEMBERS,
  MAX_CONSTRAINTS_PER_SET,
  MAX_ITEMS,
  MAX_STACK_CONSTRAINTS,
} from "../../../src/warrant/limits.ts";
import { isStack } from "../../../src/warrant/parse.ts";
import { gatingFields } from "../../support/approvals.ts";
import { type RawLink, rawChain, rawSet } from "../../support/raw-chain.ts";

const key = generateSigningKey();
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const wildcard: CborValue = [16n, null];

function read(...links: readonly RawLink["fields"][]) {
  const raw = links.map((fields = {}) => ({ signer: key, holder: key, fields }));
  return finish(parseWarrantHeader(rawChain(raw, 1_700_000_000).header));
}

/** Why a chain whose links have these fields isn't read; undefined when it is. */
function faultOf(...links: readonly RawLink["fields"][]): string | undefined {
  const stack = read(...links);
  return isStack(stack) ? undefined : `${stack.refused}: ${stack.detail}`;
}

/** As many wildcards, spread over as many tools as they need. */
function toolsWith(count: number): CborValue {
  const perSet = MAX_CONSTRAINTS_PER_SET;
  const sets = times(Math.ceil(count / perSet), (tool) => {
    const inThis = Math.min(perSet, count - tool * perSet);
    return [`t${tool}`, rawSet(Object.fromEntries(times(inThis, (i) => [`a${i}`, wildcard])))] as const;
  });
  return new Map(sets);
}

test("one constraint with all its members is bounded", () => {
  const any = (members: number): RawLink["fields"] => {
    const list: CborValue = [13n, new Map([["constraints", times(members, () => wildcard)]])];
    return { tools: new Map([["t", rawSet({ a: list })]]) };
  };
  assert.equal(faultOf(any(MAX_CONSTRAINT_MEMBERS - 1)), undefined);
  assert.match(faultOf(any(MAX_CONSTRAINT_MEMBERS)) ?? "", /^invalid_warrant: more constraints/);
});

test("the constraints of a stack are bounded, wherever they stand in it", () => {
  const half = { tools: toolsWith(MAX_STACK_CONSTRAINTS / 2) };
  assert.equal(faultOf(half, half), undefined);
  assert.match(faultOf(half, { tools: toolsWith(MAX_STACK_CONSTRAINTS / 2 + 1) }) ?? "", /^invalid_warrant/);
  // What a gate compares with counts too; one too many makes the gates unreadable, which denies every call.
  const gates = { t: new Map([["args", new Map([["a", wildcard]])]]) };
  const gated = read(half, { ...half, ...gatingFields({ gates, approvers: [key] }) });
  assert.ok(!isStack(gated) || gated.some((warrant) => warrant.gates === "malformed"));
});

test("the items of a payload and of an approvals header are bounded, before anything is made of them", () => {
  const numbers = (count: number): RawLink["fields"] => ({
    tools: new Map([["t", rawSet({ a: [1n, new Map([["value", times(count, () => 0n)]])] })]]),
  });
  assert.equal(faultOf(numbers(MAX_ITEMS - 200)), undefined);
  assert.match(faultOf(numbers(MAX_ITEMS)) ?? "", /^invalid_warrant: too many items/);
  const approvals = parseApprovalsHeader(
    Buffer.from(encode(times(MAX_ITEMS, () => 0n))).toString("base64url"),
  );
  assert.ok("refused" in approvals && approvals.detail.includes("too many items"));
});

test("a stack has no room for more items than its envelopes are made of", () => {
  const stack = encode(times(70, () => times(10, () => 0n)));
  const parsed = finish(parseWarrantHeader(Buffer.from(stack).toString("base64url")));
  assert.ok(!isStack(parsed) && parsed.detail.startsWith("too many items"), JSON.stringify(parsed));
});
