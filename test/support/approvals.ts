import { encode } from "../../src/cbor/encode.ts";
import type { CborMap, CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signMessage } from "../../src/crypto/ed25519.ts";
import { approvalMessage } from "../../src/warrant/signed-message.ts";
import type { RawLink } from "./raw-chain.ts";
import { unixNow } from "./warrants.ts";

/** What an approver signs. Times are Unix seconds. */
export interface ApprovalText {
  readonly requestHash: Uint8Array;
  readonly externalId?: string;
  readonly approvedAt?: number;
  readonly expiresAt?: number;
  readonly nonce?: Uint8Array;
}

/** A signed approval as the published SDK writes it, with its members in that order. */
export function signApproval(approver: SigningKey, approval: ApprovalText): Uint8Array {
  return envelope(approver, approvalPayload(approval));
}

export function approvalPayload(approval: ApprovalText): Uint8Array {
  const { requestHash, externalId = "", approvedAt = unixNow(), expiresAt = approvedAt + 300 } = approval;
  return struct({
    version: 1n,
    request_hash: Array.from(requestHash, BigInt),
    nonce: Array.from(approval.nonce ?? new Uint8Array(16), BigInt),
    external_id: externalId,
    approved_at: BigInt(approvedAt),
    expires_at: BigInt(expiresAt),
  });
}

/** Signs whatever the payload holds. */
export function envelope(approver: SigningKey, payload: Uint8Array): Uint8Array {
  return struct({
    approval_version: 1n,
    payload,
    approver_key: [1n, approver.publicKey.bytes],
    signature: [1n, signMessage(approver, approvalMessage(payload))],
  });
}

export interface Gating {
  /** The gate map; bytes stand for themselves. */
  readonly gates?: Readonly<Record<string, CborValue>> | Uint8Array;
  readonly approvers?: readonly SigningKey[];
  readonly min?: number;
}

/** Fields of a payload for {@link rawChain}. */
export function gatingFields({ gates, approvers, min }: Gating): NonNullable<RawLink["fields"]> {
  const bytes = gates instanceof Uint8Array || gates === undefined ? gates : encode(record(gates));
  const keys = approvers?.map(({ publicKey }) => [1n, publicKey.bytes] as const);
  return {
    ...(bytes && { extensions: new Map([["tenuo.approval_gates", Array.from(bytes, BigInt)]]) }),
    ...(keys && { requiredApprovers: keys }),
    ...(min !== undefined && { minApprovals: BigInt(min) }),
  };
}

/** A gate of every call of a tool. */
export const WHOLE_TOOL: CborValue = new Map([["args", null]]);

/** A gate by arguments: `"all"`, a constraint, or `{exempt: constraint}`. */
export function gateBy(args: Readonly<Record<string, CborValue>>, message?: string): CborValue {
  return record({ args: record(args), ...(message !== undefined && { message }) });
}

export function record(members: Readonly<Record<string, CborValue>>): CborMap {
  return new Map(Object.entries(members));
}

/** The text of the approvals header. */
export function approvalsHeader(approvals: readonly Uint8Array[]): string {
  return Buffer.concat([Buffer.of(0x80 | approvals.length), ...approvals]).toString("base64url");
}

/** A map of up to 23 members in the order given, where the encoder would sort them. */
function struct(members: Readonly<Record<string, CborValue>>): Uint8Array {
  const entries = Object.entries(members);
  return Buffer.concat([Buffer.of(0xa0 | entries.length), ...entries.flat().map(encode)]);
}
