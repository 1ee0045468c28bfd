import { CborError, decodeFirst } from "../../cbor/decode.ts";
import type { CborValue } from "../../cbor/value.ts";
import { type PublicKey, SIGNATURE_BYTES, verifySignature } from "../../crypto/ed25519.ts";
import { MAX_APPROVALS_BYTES, MAX_TIMESTAMP } from "../limits.ts";
import { asMap, asStruct, asText, asUnsigned, Malformed } from "../malformed.ts";
import { parseAlgorithmPair, parseByteList, parsePublicKey } from "../payload.ts";
import { approvalMessage } from "../signed-message.ts";

/** An approval as sent: nothing in it is judged yet (approvals §4). */
export interface SignedApproval {
  readonly version: number;
  /** The signed bytes. */
  readonly payload: Uint8Array;
  /** Claimed until the signature verifies. */
  readonly approver: PublicKey;
  readonly signature: Uint8Array;
}

/** What an approver signed. Times are Unix seconds. */
export interface Approval {
  readonly requestHash: Uint8Array;
  /** Who approved, in the words of the approver's system; may be empty. */
  readonly externalId: string;
  readonly approvedAt: number;
  readonly expiresAt: number;
}

const APPROVAL_VERSION = 1;
const HASH_BYTES = 32;
const NONCE_BYTES = 16;

/** Reads the envelope. @throws {Malformed} */
export function parseSignedApproval(value: CborValue): SignedApproval {
  const what = "an approval";
  const members = asStruct(value, what, ["approval_version", "payload", "approver_key", "signature"]);
  return {
    version: asUnsigned(members.approval_version, 255, "the version of an approval"),
    payload: parseByteList(members.payload, MAX_APPROVALS_BYTES, "the payload of an approval"),
    approver: parsePublicKey(members.approver_key, "the key of an approval"),
    signature: parseAlgorithmPair(members.signature, SIGNATURE_BYTES, "the signature of an approval"),
  };
}

/**
 * Opens an approval: its signature verifies, and only then is its payload read.
 *
 * @returns undefined when it isn't one that its key signed.
 */
export function openApproval(approval: SignedApproval): Approval | undefined {
  const { version, payload, approver, signature } = approval;
  if (version !== APPROVAL_VERSION) return undefined;
  if (!verifySignature(approver, approvalMessage(payload), signature)) return undefined;
  try {
    // What follows the map is signed too, and means nothing (approvals §4).
    return parsePayload(decodeFirst(payload));
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed) return undefined;
    throw error;
  }
}

function parsePayload(value: CborValue): Approval {
  const members = asStruct(
    value,
    "the payload of an approval",
    ["version", "request_hash", "nonce", "external_id", "approved_at", "expires_at"],
    ["extensions"],
  );
  if (asUnsigned(members.version, 255, "the version") !== APPROVAL_VERSION) {
    throw new Malformed("the version of an approval's payload isn't 1");
  }
  const approval: Approval = {
    requestHash: exactly(HASH_BYTES, members.request_hash, "request_hash"),
    externalId: asText(members.external_id, "external_id"),
    approvedAt: asUnsigned(members.approved_at, MAX_TIMESTAMP, "approved_at"),
    expiresAt: asUnsigned(members.expires_at, MAX_TIMESTAMP, "expires_at"),
  };
  exactly(NONCE_BYTES, members.nonce, "nonce");
  checkExtensions(members.extensions);
  if (approval.expiresAt <= approval.approvedAt) throw new Malformed("expires_at isn't after approved_at");
  return approval;
}

function exactly(length: number, value: CborValue, what: string): Uint8Array {
  const bytes = parseByteList(value, length, what);
  if (bytes.length !== length) throw new Malformed(`${what} isn't ${length} bytes`);
  return bytes;
}

/** No rule depends on them, but they have a form. */
function checkExtensions(value: CborValue): void {
  if (value === undefined || value === null) return;
  for (const [name, bytes] of asMap(value, "extensions")) {
    asText(name, "an extension key");
    parseByteList(bytes, MAX_APPROVALS_BYTES, "an extension");
  }
}
