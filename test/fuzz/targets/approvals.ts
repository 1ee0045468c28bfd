import assert from "node:assert/strict";
import { encode } from "../../../src/cbor/encode.ts";
import { type CborMap, type CborValue, isArray, isBytes, isMap } from "../../../src/cbor/value.ts";
import { signMessage } from "../../../src/crypto/ed25519.ts";
import { finish } from "../../../src/steps.ts";
import { requestHash } from "../../../src/warrant/approval/request-hash.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { approvalMessage } from "../../../src/warrant/signed-message.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { leafOf } from "../../../src/warrant/warrant.ts";
import { approvalPayload } from "../../support/approvals.ts";
import { APPROVERS, CHAINS, type Chain, KEYS, NOW, PAY, TRUST } from "../fixture.ts";
import { decoded, decodedFirst, keyOfPair, signInPlace, UNSIGNED } from "../forge.ts";
import { mutateCbor } from "../mutate-cbor.ts";
import { forged, outcome, settle, type Target } from "../target.ts";

const [, chain] = CHAINS as readonly [Chain, Chain];
const hash = Buffer.from(finish(requestHash(leafOf(chain.stack), PAY.tool, PAY.args)));
const proof = chain.proof(PAY);
const THRESHOLD = 2;

const seed = (signers: readonly number[], approvedAt: number, requestHash: Uint8Array): Uint8Array =>
  encode(
    signers.map((index) => {
      const payload = approvalPayload({ requestHash, approvedAt, externalId: "a" });
      const approver: CborValue = [1n, KEYS[index]?.publicKey.bytes];
      return new Map<string, CborValue>([
        ["approval_version", 1n],
        ["payload", payload],
        ["approver_key", approver],
        ["signature", [1n, UNSIGNED]],
      ]);
    }),
  );

/** Bytes of the approvals header. Whatever an input says is signed by the approvers it names; a quorum must have. */
export const approvals: Target = {
  name: "approvals",
  maxBytes: 40_000,
  seeds: () => [
    ...[
      seed([8, 9], NOW, hash),
      seed([8, 9, 10], NOW - 100, hash),
      seed([8], NOW, hash),
      seed([8, 8], NOW, hash),
    ],
    ...[
      seed([1, 9], NOW, hash),
      seed([8, 9], NOW - 400, hash),
      seed([8, 9], NOW, Buffer.alloc(32)),
      encode([]),
    ],
  ],
  mutate: (input, random, other) =>
    mutateCbor(input, random, other, ["extensions", "nonce", "approval_version"]),
  run: (input) => {
    const bytes = forged(() => signed(input));
    const call = { ...PAY, proof, approvals: encodeHeader(bytes) };
    const { refused, ...facts } = settle(verifyCall(chain.stack, call, TRUST, NOW));
    return outcome("detail" in facts ? facts.detail : "allowed", () => {
      if (refused === undefined) assert.ok(approversOf(bytes).size >= THRESHOLD, "allowed without a quorum");
      else assert.match(refused, /^(invalid_approval|insufficient_approvals|approval_required)$/);
    });
  },
};

function listed(bytes: Uint8Array): readonly CborMap[] {
  const value = decoded(bytes);
  return (isArray(value) ? value : [value]).filter(isMap);
}

/** Bytes, or the list of integers that encoders write for them. */
function bytesOf(value: CborValue): Uint8Array | undefined {
  if (isBytes(value)) return value;
  return isArray(value) ? Uint8Array.from(value, Number) : undefined;
}

function signed(input: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(input);
  for (const approval of listed(bytes)) {
    const payload = isBytes(approval.get("payload")) ? bytesOf(approval.get("payload")) : undefined;
    if (payload === undefined) continue;
    signInPlace(approval.get("signature"), keyOfPair(approval.get("approver_key")), approvalMessage(payload));
  }
  return bytes;
}

/** Whose approvals of this very call are in force, told from scratch. */
function approversOf(bytes: Uint8Array): ReadonlySet<unknown> {
  const valid = listed(bytes).map((approval) => {
    const key = keyOfPair(approval.get("approver_key"));
    const payload = bytesOf(approval.get("payload"));
    const pair = approval.get("signature");
    const signature = isArray(pair) ? bytesOf(pair[1]) : undefined;
    if (key === undefined || !APPROVERS.includes(key) || payload === undefined || signature === undefined)
      return undefined;
    if (Buffer.compare(signMessage(key, approvalMessage(payload)), signature) !== 0) return undefined;
    const text = decodedFirst(payload);
    if (!isMap(text) || Buffer.compare(bytesOf(text.get("request_hash")) ?? new Uint8Array(), hash) !== 0)
      return undefined;
    const [from, to] = [Number(text.get("approved_at")), Number(text.get("expires_at"))];
    return from <= NOW + TRUST.clockToleranceSeconds && NOW < to ? key : undefined;
  });
  return new Set(valid.filter((key) => key !== undefined));
}
