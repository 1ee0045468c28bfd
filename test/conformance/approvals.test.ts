import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import {
  type PublicKey,
  publicKeyFromHex,
  signingKeyFromSeed,
  verifySignature,
} from "../../src/crypto/ed25519.ts";
import { finish } from "../../src/steps.ts";
import type { Arguments } from "../../src/value.ts";
import { requestHash } from "../../src/warrant/approval/request-hash.ts";
import { openApproval, parseSignedApproval } from "../../src/warrant/approval/signed-approval.ts";
import type { Trust } from "../../src/warrant/chain.ts";
import { encodeHeader } from "../../src/warrant/header.ts";
import { isStack, parseStack } from "../../src/warrant/parse.ts";
import type { WarrantRefusal } from "../../src/warrant/refusal.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { leafOf, type Stack } from "../../src/warrant/warrant.ts";
import { envelope } from "../support/approvals.ts";
import { chainRefusal } from "../support/judge.ts";
import { readVectors } from "./vectors.ts";

interface Named {
  readonly name: string;
}
interface Hashed extends Named {
  readonly warrant_id: string;
  readonly tool: string;
  readonly args_cbor: string;
  readonly holder: string | null;
}
interface RequestHash extends Hashed {
  readonly kind: "request_hash";
  readonly want: string;
}
interface Attestation extends Hashed {
  readonly kind: "attestation";
  readonly holder: string;
  readonly signer: string;
  readonly preimage: string;
  readonly want: string;
}
interface Signed extends Named {
  readonly kind: "signed_approval";
  readonly secret_seed: string;
  readonly request_hash: string;
  readonly external_id: string;
  readonly approved_at: number;
  readonly expires_at: number;
  readonly payload: string;
  readonly want: string;
}
interface Asked extends Named {
  readonly kind: "decision";
  readonly now: number;
  readonly tool: string;
  readonly args_cbor: string;
  readonly warrants: readonly string[];
  readonly trusted_root: string;
  readonly approvals_header: string | null;
  readonly pop_signature: string;
  readonly request_hash: string;
  readonly required_approvals_0_3_5: number | null;
  readonly received_approvals_0_3_5: number | null;
  readonly want: string;
}
interface Linked extends Named {
  readonly kind: "link";
  readonly parent: string;
  readonly child: string;
  readonly trusted_root: string;
  readonly want: "allowed" | "refused";
}
type Vector = RequestHash | Attestation | Signed | Asked | Linked;

const vectors = readVectors<readonly Vector[]>("approvals");

/** Outcomes that differ from the file on purpose, each with its reason. */
const DELIBERATE: ReadonlyMap<string, { readonly reason: string; readonly why: string }> = new Map([
  [
    "gate/constraint_unknown_type",
    {
      reason: "unknown_constraint",
      why: "a kind nobody knows has the same reason here as among a tool's constraints",
    },
  ],
]);

test("the file is complete", () => assert.equal(vectors.length, 229));

for (const vector of vectors) test(`${vector.kind}: ${vector.name}`, () => check(vector));

function check(vector: Vector): void {
  if (vector.kind === "request_hash") assert.equal(hashOf(vector), vector.want);
  else if (vector.kind === "attestation") checkAttestation(vector);
  else if (vector.kind === "signed_approval") checkSigned(vector);
  else if (vector.kind === "decision") checkDecision(vector);
  else checkLinked(vector);
}

/** No warrant is without a holder; the hash of one would have empty bytes there. */
function hashOf({ warrant_id, tool, args_cbor, holder }: Hashed): string {
  const bytes = Buffer.from(holder ?? "", "hex");
  const warrant = { id: warrant_id.replace("tnu_wrt_", ""), holder: { bytes, hex: bytes.toString("hex") } };
  return hex(finish(requestHash(warrant, tool, argsOf(args_cbor))));
}

/** Not part of a decision: the signature over its context shows that a client could attest what we hash. */
function checkAttestation(vector: Attestation): void {
  const { warrant_id, tool, args_cbor, holder, signer, preimage, want } = vector;
  const parts = [
    Buffer.from(warrant_id),
    Buffer.from(tool),
    Buffer.from(hashOf(vector), "hex"),
    Buffer.from(holder, "hex"),
    encode(argsOf(args_cbor)),
  ];
  const message = Buffer.concat([
    Buffer.from("tenuo-warrant-v1tenuo-approval-context-v1\x01"),
    ...parts.flatMap((part) => [Buffer.of(0, 0, 0, part.length), part]),
  ]);
  assert.equal(hex(message), preimage);
  assert.ok(verifySignature(publicKey(signer), message, Buffer.from(want, "hex")));
}

function checkSigned(vector: Signed): void {
  const sent = parseSignedApproval(decode(Buffer.from(vector.want, "hex")));
  assert.deepEqual(openApproval(sent), {
    requestHash: Uint8Array.from(Buffer.from(vector.request_hash, "hex")),
    externalId: vector.external_id,
    approvedAt: vector.approved_at,
    expiresAt: vector.expires_at,
  });
  const key = signingKeyFromSeed(Buffer.from(vector.secret_seed, "hex"));
  assert.equal(hex(envelope(key, Buffer.from(vector.payload, "hex"))), vector.want);
}

function checkDecision(vector: Asked): void {
  const stack = stackOf(vector.warrants);
  const refusal = isStack(stack) ? decide(vector, stack) : stack;
  const wanted = DELIBERATE.get(vector.name)?.reason ?? vector.want;
  assert.equal(refusal?.refused ?? "allow", wanted, refusal?.detail);
  if (!isStack(stack) || refusal?.approval === undefined) return;
  const { requestHash: asked, required, received, approvers } = refusal.approval;
  assert.equal(asked, vector.request_hash);
  assert.deepEqual(
    approvers,
    leafOf(stack).requiredApprovers.map((key) => key.hex),
  );
  if (vector.required_approvals_0_3_5 === null) return;
  assert.deepEqual([required, received], [vector.required_approvals_0_3_5, vector.received_approvals_0_3_5]);
}

function decide(vector: Asked, stack: Stack): WarrantRefusal | undefined {
  const call = {
    tool: vector.tool,
    args: argsOf(vector.args_cbor),
    proof: encodeHeader(Buffer.from(vector.pop_signature, "hex")),
    approvals: vector.approvals_header ?? undefined,
  };
  const result = finish(verifyCall(stack, call, trustIn(vector.trusted_root), vector.now));
  return result.refused === undefined ? undefined : result;
}

function checkLinked(vector: Linked): void {
  const stack = stackOf([vector.parent, vector.child]);
  assert.ok(isStack(stack));
  const refusal = chainRefusal(stack, trustIn(vector.trusted_root), leafOf(stack).issuedAt);
  assert.equal(refusal === undefined ? "allowed" : "refused", vector.want, refusal?.detail);
  if (refusal !== undefined) assert.equal(refusal.chainFault, "chain-broken", refusal.detail);
}

function stackOf(envelopes: readonly string[]): Stack | WarrantRefusal {
  const bytes = envelopes.map((envelope) => Buffer.from(envelope, "hex"));
  return finish(
    parseStack(Buffer.concat(bytes.length === 1 ? bytes : [Buffer.of(0x80 | bytes.length), ...bytes])),
  );
}

function trustIn(root: string): Trust {
  return { roots: new Set([root]), clockToleranceSeconds: 30 };
}

/** In the file's JSON `1` and `1.0` are the same. */
function argsOf(cbor: string): Arguments {
  return decode(Buffer.from(cbor, "hex")) as Arguments;
}

function publicKey(text: string): PublicKey {
  const key = publicKeyFromHex(text);
  assert.ok(key !== undefined);
  return key;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
