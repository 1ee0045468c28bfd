/**
 * Prefixes every message Tenuo signs, whatever it is (wire format §8); a further context tells the kinds apart.
 */
const CONTEXT = Buffer.from("tenuo-warrant-v1");
const ENVELOPE_VERSION_BYTE = Buffer.of(1);
const PROOF_CONTEXT = Buffer.from("tenuo-pop-v1");
const APPROVAL_CONTEXT = Buffer.from("tenuo-approval-v1");
const REVOCATION_LIST_CONTEXT = Buffer.from("tenuo-srl-v1");

export function warrantMessage(payload: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, ENVELOPE_VERSION_BYTE, payload]);
}

/** @param challenge in parts */
export function proofMessage(...challenge: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([CONTEXT, PROOF_CONTEXT, ...challenge]);
}

export function approvalMessage(payload: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, APPROVAL_CONTEXT, ENVELOPE_VERSION_BYTE, payload]);
}

export function revocationListMessage(payload: Uint8Array): Uint8Array {
  return Buffer.concat([CONTEXT, REVOCATION_LIST_CONTEXT, payload]);
}
