import { generateSigningKey, type SigningKey } from "../../src/crypto/ed25519.ts";
import { unixNow } from "../../src/server/unix-now.ts";
import { oneOf, pattern, range } from "../../src/warrant/constraint/index.ts";
import { constraintSet } from "../../src/warrant/constraint-set.ts";
import { encodeHeader } from "../../src/warrant/header.ts";
import { delegate, encodeStack, type Grant, mint } from "../../src/warrant/mint.ts";
import { type ProvenCall, signProof } from "../../src/warrant/proof.ts";
import { leafOf, type Stack, type Warrant } from "../../src/warrant/warrant.ts";

/** Somebody who holds a warrant. */
export interface Agent {
  readonly key: SigningKey;
  readonly leaf: Warrant;
  /** The text of the header with the warrant. */
  readonly header: string;
}

const LIFETIME_SECONDS = 6 * 3600;
/** So that a clock that is a little behind accepts it too. */
const ISSUED_BEFORE_SECONDS = 60;

const TOOLS: Grant["tools"] = {
  read_file: constraintSet({ file: pattern("report-*"), region: oneOf(["eu", "us"]) }),
  place_order: constraintSet({
    customer: pattern("c-*"),
    sku: pattern("*"),
    quantity: range({ min: 1, max: 100 }),
    currency: oneOf(["EUR", "USD"]),
  }),
};

/**
 * A new agent with a key of its own.
 *
 * @param links from the root to its warrant, each with a holder of its own
 */
export function newAgent(root: SigningKey, links: number): Agent {
  const issuedAt = unixNow() - ISSUED_BEFORE_SECONDS;
  let key = generateSigningKey();
  const grant = (): Grant => ({
    holder: key.publicKey,
    tools: TOOLS,
    issuedAt,
    lifetimeSeconds: LIFETIME_SECONDS,
  });
  let stack: Stack = mint(root, grant());
  for (let link = 1; link < links; link++) {
    const parent = key;
    key = generateSigningKey();
    stack = delegate(parent, stack, grant());
  }
  return { key, leaf: leafOf(stack), header: encodeHeader(encodeStack(stack)) };
}

/** The headers of a call, with a proof for this time (Unix seconds). */
export function credentialsOf(
  { key, leaf, header }: Agent,
  { tool, args }: Pick<ProvenCall, "tool" | "args">,
  time: number,
): readonly (readonly [name: string, value: string])[] {
  const proof = signProof(key, { warrant: leaf, tool, args }, time);
  return [
    ["x-tenuo-warrant", header],
    ["x-tenuo-pop", encodeHeader(proof)],
  ];
}
