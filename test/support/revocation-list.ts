import { encode } from "../../src/cbor/encode.ts";
import type { CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signMessage } from "../../src/crypto/ed25519.ts";
import { unixNow } from "./warrants.ts";

export interface ListContent {
  /** Texts, as they stand in the list. */
  readonly ids?: readonly CborValue[];
  readonly version?: bigint | number;
  /** RFC 3339; now by default. */
  readonly issuedAt?: string;
}

/** A revocation list as published tools make it. */
export function signList(
  key: SigningKey,
  { ids = [], version = 1, issuedAt = rfc3339(unixNow()) }: ListContent = {},
): Uint8Array {
  return frameList(key, [
    ["revoked_ids", ids],
    ["version", BigInt(version)],
    ["issued_at", issuedAt],
    ["issuer", [1n, key.publicKey.bytes]],
  ]);
}

/** One with these members, in this order, and a signature that holds. */
export function frameList(key: SigningKey, members: readonly (readonly [string, CborValue])[]): Uint8Array {
  const payload = encodeInOrder(members);
  const context = Buffer.from("tenuo-warrant-v1tenuo-srl-v1");
  const signature = signMessage(key, Buffer.concat([context, payload]));
  const head = Buffer.concat([Buffer.of(0xa2), encode("payload"), payload]);
  return Buffer.concat([head, encode("signature"), encode([1n, signature])]);
}

/** The list's own order isn't the sorted one that `encode` makes. */
function encodeInOrder(members: readonly (readonly [string, CborValue])[]): Uint8Array {
  return Buffer.concat([Buffer.of(0xa0 + members.length), ...members.flat().map((item) => encode(item))]);
}

export function rfc3339(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(".000Z", "Z");
}
