import { finish } from "../../src/steps.ts";
import {
  type Constraint,
  exact,
  oneOf,
  pattern,
  range,
  wildcard,
} from "../../src/warrant/constraint/index.ts";
import { constraintSet } from "../../src/warrant/constraint-set.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { delegate, encodeStack, mint, type Grant as OwnGrant } from "../../src/warrant/mint.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import { leafOf, type Stack, warrantIdText } from "../../src/warrant/warrant.ts";
import { signApproval } from "./approvals.ts";
import { type Call, type ConstraintText, type Grant, type Issuer, unixNow } from "./warrants.ts";

/** Seconds. */
const TTL = 60;

/** This package's own minting and signing. */
export const ownIssuer: Issuer = {
  name: "our own",
  mint: async (root, grant) => text(mint(root, toGrant(grant))),
  delegate: async (parent, holder, { ttl = TTL, ...grant }) => {
    const stack = parse(parent);
    const now = unixNow();
    // Of the same length, it would outlive a parent that was made in the second before.
    const left = leafOf(stack).expiresAt - now;
    return text(delegate(holder, stack, toGrant({ ...grant, ttl: Math.min(ttl, left) }, now)));
  },
  leaf: async (warrant) => text([leafOf(parse(warrant))]),
  identifier: async (warrant) => warrantIdText(leafOf(parse(warrant))),
  proof: async (warrant, holder, call, time = unixNow()) =>
    encodeHeader(signProof(holder, { warrant: leafOf(parse(warrant)), ...toCall(call) }, time)),
  approve: async (approver, requestHash) =>
    encodeHeader(signApproval(approver, { requestHash: Buffer.from(requestHash, "hex") })),
  stop: async () => {},
};

function text(stack: Stack): string {
  return encodeHeader(encodeStack(stack));
}

function parse(warrant: string): Stack {
  const stack = finish(parseWarrantHeader(warrant));
  if (!isStack(stack)) throw new Error(stack.detail);
  return stack;
}

function toGrant({ holder, tools, ttl = TTL, approval }: Grant, issuedAt = unixNow()): OwnGrant {
  const sets = Object.entries(tools).map(([tool, constraints]) => {
    const members = Object.entries(constraints).map(([name, constraint]) => [name, toConstraint(constraint)]);
    return [tool, constraintSet(Object.fromEntries(members))];
  });
  return {
    holder: holder.publicKey,
    tools: Object.fromEntries(sets),
    issuedAt,
    lifetimeSeconds: ttl,
    ...(approval && {
      approval: {
        gates: new Map([[approval.tool, { args: null, message: approval.message }]]),
        approvers: approval.approvers.map((key) => key.publicKey),
        minApprovals: approval.min,
      },
    }),
  };
}

function toConstraint(text: ConstraintText): Constraint {
  if ("exact" in text) return exact(text.exact);
  if ("oneOf" in text) return oneOf(text.oneOf);
  if ("pattern" in text) return pattern(text.pattern);
  if ("range" in text) return range({ min: text.range[0], max: text.range[1] });
  return wildcard;
}

function toCall({ tool, args }: Call) {
  const values = Object.entries(args).map(
    ([name, value]) => [name, typeof value === "number" ? BigInt(value) : value] as const,
  );
  return { tool, args: new Map(values) };
}
