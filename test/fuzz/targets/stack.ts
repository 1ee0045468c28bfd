import assert from "node:assert/strict";
import { encode } from "../../../src/cbor/encode.ts";
import { type CborMap, type CborValue, isArray, isBytes, isMap } from "../../../src/cbor/value.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import { isObject, type Value } from "../../../src/value.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { isStack, parseStack } from "../../../src/warrant/parse.ts";
import { KEY } from "../../../src/warrant/payload.ts";
import { signProof } from "../../../src/warrant/proof.ts";
import { warrantMessage } from "../../../src/warrant/signed-message.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { leafOf, type Stack, type Warrant } from "../../../src/warrant/warrant.ts";
import { type Called, CHAINS, keyWithBytes, NOW, READ, TRUST, WORDS } from "../fixture.ts";
import { decoded, keyOfPair, signInPlace, UNSIGNED } from "../forge.ts";
import { mutateCbor } from "../mutate-cbor.ts";
import { forged, outcome, settle, type Target } from "../target.ts";
import { toValue } from "../to-value.ts";

const NO_HASH = new Uint8Array(32);

/**
 * A chain as dishonest holders may sign it, and a call: `[[envelope, …], tool, arguments]`. Zeros stand for the
 * signatures and hashes that each link needs; they are filled in by the keys the payloads name.
 */
export const stack: Target = {
  name: "stack",
  maxBytes: 65_536,
  seeds: () => CHAINS.flatMap((chain) => [recipe(chain.stack, READ), recipe(asIssuer(chain.stack), READ)]),
  mutate: (input, random, other) => mutateCbor(input, random, other, WORDS),
  run: (input) => {
    const { bytes, call } = forged(() => signed(input));
    const parsed = settle(parseStack(bytes));
    if (!isStack(parsed)) return outcome(parsed.detail);
    const refused = ask(parsed, call);
    if (refused !== undefined) return outcome(refused);
    return outcome(`allowed under ${"x".repeat(parsed.length)}`, () => {
      for (const [i, warrant] of parsed.entries()) checkLink(warrant, parsed[i - 1]);
      for (let length = parsed.length - 1; length > 0; length--) {
        const above = parsed.slice(0, length) as unknown as Stack;
        const { type, issuableTools } = leafOf(above);
        if (type === "issuer") assert.ok(issuableTools.has(call.tool) || issuableTools.has("*"));
        else
          assert.ok(
            /^$|^no approval is sent/.test(ask(above, call) ?? ""),
            `refused under ${length} of ${parsed.length}`,
          );
      }
    });
  },
};

/** Why the call is refused, when the holder of the leaf proves it. */
function ask(parsed: Stack, call: Called): string | undefined {
  const warrant = leafOf(parsed);
  const key = keyWithBytes(warrant.holder.bytes);
  const proof = key && forged(() => encodeHeader(signProof(key, { warrant, ...call }, NOW)));
  const result = settle(verifyCall(parsed, { ...call, proof }, TRUST, NOW));
  return "detail" in result ? result.detail : undefined;
}

function recipe(parsed: Stack, { tool, args }: Called): Uint8Array {
  const envelopes = parsed.map(({ payload }) => {
    const fields = new Map(decoded(payload) as CborMap);
    if (fields.has(KEY.parentHash)) fields.set(KEY.parentHash, NO_HASH);
    return [1n, encode(fields), [1n, UNSIGNED]];
  });
  return encode([envelopes, tool, args as CborValue]);
}

/** The same with an issuer warrant at its root. */
function asIssuer([root, ...rest]: Stack): Stack {
  const fields = new Map(decoded(root.payload) as CborMap);
  fields
    .set(KEY.type, 1n)
    .set(KEY.tools, new Map())
    .set(KEY.issuableTools, ["read", "pay"])
    .set(KEY.maxIssueDepth, 3n);
  fields.set(KEY.constraintBounds, new Map([["constraints", new Map()]]));
  return [{ ...root, payload: encode(fields) }, ...rest];
}

function signed(input: Uint8Array): { readonly bytes: Uint8Array; readonly call: Called } {
  const value = decoded(Uint8Array.from(input));
  const [envelopes, tool, args] = isArray(value) ? value : [];
  let parent: Uint8Array | undefined;
  for (const envelope of isArray(envelopes) ? envelopes : []) {
    const [, payload, signature] = isArray(envelope) ? envelope : [];
    if (!isBytes(payload)) continue;
    const fields = decoded(payload);
    if (!isMap(fields)) continue;
    const hash = fields.get(KEY.parentHash);
    if (parent !== undefined && isBytes(hash) && Buffer.compare(hash, NO_HASH) === 0) hash.set(parent);
    signInPlace(signature, keyOfPair(fields.get(KEY.issuer)), warrantMessage(payload));
    parent = sha256(payload);
  }
  const named = toValue(args);
  const call = {
    tool: typeof tool === "string" ? tool : "",
    args: named !== undefined && isObject(named) ? named : NO_ARGUMENTS,
  };
  return { bytes: encode(envelopes), call };
}

const NO_ARGUMENTS: ReadonlyMap<string, Value> = new Map();

/** What holds for every link of a chain that allows anything, told from scratch. */
function checkLink(warrant: Warrant, parent: Warrant | undefined): void {
  assert.ok(NOW < warrant.expiresAt && warrant.issuedAt <= NOW + TRUST.clockToleranceSeconds, "not in force");
  if (parent === undefined) {
    assert.ok(TRUST.roots.has(warrant.issuer.hex), "a stranger's root");
    return;
  }
  assert.equal(warrant.issuer.hex, parent.holder.hex);
  assert.deepEqual(Buffer.from(warrant.parentHash ?? []), Buffer.from(sha256(parent.payload)));
  assert.notEqual(warrant.id, parent.id);
  assert.equal(warrant.depth, parent.depth + 1);
  assert.ok(warrant.depth <= parent.maxDepth && warrant.maxDepth <= parent.maxDepth, "too deep");
  assert.ok(
    warrant.expiresAt <= parent.expiresAt && warrant.issuedAt >= parent.issuedAt,
    "outlives its parent",
  );
  assert.ok((warrant.clearance ?? 0) <= (parent.clearance ?? 0), "raises the clearance");
}
