import { hash } from "node:crypto";
import type { PublicKey } from "../crypto/ed25519.ts";
import { createFairCache } from "../fair-cache.ts";

/**
 * Signatures that were found valid: "this signature over these bytes by this key", and nothing of what the bytes say or
 * until when they hold.
 */
export interface KnownSignatures {
  /** What a signature is known to be valid for; undefined where nothing is known, which says nothing against it. */
  readonly find: (signature: Uint8Array) => Validity | undefined;
  /**
   * To be told of each signature that was found valid; it is kept from the second time on, as most never come again.
   *
   * @param owner at whose expense it is kept
   */
  readonly add: (key: PublicKey, message: Uint8Array, signature: Uint8Array, owner: string) => void;
}

export type Validity = (key: PublicKey, message: Uint8Array) => boolean;

/** What is kept of signatures that were found valid, in bytes: nearly four thousand of them. */
const MAX_KNOWN_SIGNATURES_BYTES = 2_097_152;

/** Signatures of longer messages aren't kept, so that looking one up stays cheap. */
const MAX_KNOWN_MESSAGE_BYTES = 16_384;

/** A text of 64 characters and one of 32. */
const KEPT_BYTES = 144;

export function createKnownSignatures(): KnownSignatures {
  const digests = createFairCache<string>(MAX_KNOWN_SIGNATURES_BYTES);
  const isSecond = createDoorkeeper();
  return Object.freeze({
    find: (signature: Uint8Array) => {
      const known = digests.get(latin1(signature));
      if (known === undefined) return undefined;
      return (key: PublicKey, message: Uint8Array) => digestOf(key, message) === known;
    },
    add: (key: PublicKey, message: Uint8Array, signature: Uint8Array, owner: string) => {
      const digest = isSecond(signature) ? digestOf(key, message) : undefined;
      if (digest !== undefined) digests.add(latin1(signature), digest, owner, KEPT_BYTES);
    },
  });
}

/** Signatures whose first coming is noted, the latest at each place; a power of two. */
const NOTED_SIGNATURES = 8192;

/**
 * Tells whether a signature was noted before, and else notes it: four bytes of it, at the place that others say. It may
 * forget, and once in a while mistake one for another, which only keeps what needn't be kept.
 */
function createDoorkeeper(): (signature: Uint8Array) => boolean {
  const noted = new Uint32Array(NOTED_SIGNATURES);
  return (signature) => {
    const { buffer, byteOffset, length } = signature;
    const words = new DataView(buffer, byteOffset, length);
    const place = words.getUint32(0) % NOTED_SIGNATURES;
    const mark = words.getUint32(4);
    if (noted[place] === mark) return true;
    noted[place] = mark;
    return false;
  };
}

/** A key has a fixed length, so that no other key and message are the same bytes. */
function digestOf({ bytes }: PublicKey, message: Uint8Array): string | undefined {
  if (message.length > MAX_KNOWN_MESSAGE_BYTES) return undefined;
  return hash("sha256", Buffer.concat([bytes, message]), "binary");
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
