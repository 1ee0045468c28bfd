import type { CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signingKeyFromSeed } from "../../src/crypto/ed25519.ts";
import { finish } from "../../src/steps.ts";
import type { Arguments } from "../../src/value.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { encodeHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { signProof } from "../../src/warrant/proof.ts";
import { leafOf, type Stack } from "../../src/warrant/warrant.ts";
import { gateBy, gatingFields, record, WHOLE_TOOL } from "../support/approvals.ts";
import { type RawLink, rawChain, rawTools } from "../support/raw-chain.ts";
import { words } from "./mutate.ts";

// The same in every process, so that an input found in one can be tried in another.

export const NOW = 1_700_000_000;

/** The root's key, the holders of the links, and at the end strangers to the chain. */
export const KEYS = Array.from({ length: 12 }, (_, i) => signingKeyFromSeed(Buffer.alloc(32, i + 1)));
export const APPROVERS = KEYS.slice(8, 11);

export function keyOf(index: number): SigningKey {
  const key = KEYS[index];
  if (key === undefined) throw new RangeError(`no key ${index}`);
  return key;
}

export function keyWithBytes(bytes: Uint8Array): SigningKey | undefined {
  return KEYS.find((key) => Buffer.compare(key.publicKey.bytes, bytes) === 0);
}

export const TRUST: Trust = { roots: new Set([keyOf(0).publicKey.hex]), clockToleranceSeconds: 30 };

const constraint = (type: number, members: Readonly<Record<string, CborValue>>): CborValue => [
  BigInt(type),
  record(members),
];

const range = (min: number, max: number): CborValue =>
  constraint(3, { min, max, min_inclusive: true, max_inclusive: true });

const TOOLS: readonly Readonly<Record<string, Readonly<Record<string, CborValue>>>>[] = [
  {
    read: { path: constraint(2, { pattern: "/data/*" }), size: range(0, 100) },
    pay: { to: constraint(4, { values: ["a", "b", "c"] }) },
    "*": {},
  },
  {
    read: { path: constraint(2, { pattern: "/data/*" }), size: range(1, 50) },
    pay: { to: constraint(4, { values: ["a", "b"] }) },
  },
  {
    read: { path: constraint(2, { pattern: "/data/a*" }), size: range(1, 50) },
    pay: { to: constraint(4, { values: ["a", "b"] }) },
  },
  {
    read: { path: constraint(1, { value: "/data/a" }), size: range(1, 9) },
    pay: { to: constraint(1, { value: "a" }) },
  },
];

export const READ: Called = {
  tool: "read",
  args: new Map<string, string | bigint>([
    ["path", "/data/a"],
    ["size", 7n],
  ]),
};
/** Needs two of three approvals. */
export const PAY: Called = { tool: "pay", args: new Map([["to", "a"]]) };

export interface Called {
  readonly tool: string;
  readonly args: Arguments;
}

/** A chain that allows {@link READ}, and {@link PAY} when it is approved. */
export interface Chain {
  readonly bytes: Uint8Array;
  readonly stack: Stack;
  readonly holder: SigningKey;
  readonly proof: (call: Called) => string;
}

/** Links of such a chain, as they are before they are signed. */
function linksOf(length: number): readonly RawLink[] {
  const gating = gatingFields({
    gates: { pay: WHOLE_TOOL, read: gateBy({ path: constraint(1, { value: "/data/z" }) }) },
    approvers: APPROVERS,
    min: 2,
  });
  return Array.from({ length }, (_, i) => ({
    signer: keyOf(i),
    holder: keyOf(i + 1),
    fields: {
      id: Buffer.alloc(16, i + 1),
      tools: rawTools(TOOLS[i] ?? {}),
      clearance: BigInt(9 - i),
      ...gating,
    },
  }));
}

function chainOf(length: number): Chain {
  const { header, holder } = rawChain(linksOf(length), NOW);
  const stack = finish(parseWarrantHeader(header));
  if (!isStack(stack)) throw new Error(stack.detail);
  const proof = (call: Called): string =>
    encodeHeader(signProof(holder, { warrant: leafOf(stack), ...call }, NOW));
  return { bytes: Buffer.from(header, "base64url"), stack, holder, proof };
}

/** Of one to four links. */
export const CHAINS: readonly Chain[] = [1, 2, 3, 4].map(chainOf);

/** Texts that constraints and messages are made of. */
export const WORDS = [
  ...words(
    "* ? [a-z] {a,b} ** ../ // \\ %2e ; & = + a/b /data/a 10.0.0.0/8 ::1 127.0.0.1 https://a.com/ *.a.com",
  ),
  ...words(
    "(a+)+ [^a] \\pL (?i) a{2,9} x|y value args.a == && || ! .matches(\"a\") .contains('a') size( timestamp(",
  ),
  ...words("constraints constraint pattern values min max allowed required expression root exempt args all"),
];
