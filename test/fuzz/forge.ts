import { CborError, decode, decodeFirst } from "../../src/cbor/decode.ts";
import { type CborValue, isArray, isBytes } from "../../src/cbor/value.ts";
import { SIGNATURE_BYTES, type SigningKey, signMessage } from "../../src/crypto/ed25519.ts";
import { keyWithBytes } from "./fixture.ts";

/** What stands for a signature that is to be made when the rest is mutated. */
export const UNSIGNED = new Uint8Array(SIGNATURE_BYTES);

/** The item, or undefined where the bytes aren't one. */
export function decoded(bytes: Uint8Array): CborValue {
  return readBy(decode, bytes);
}

/** The same of what the bytes begin with. */
export function decodedFirst(bytes: Uint8Array): CborValue {
  return readBy(decodeFirst, bytes);
}

function readBy(read: typeof decode, bytes: Uint8Array): CborValue {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof CborError) return undefined;
    throw error;
  }
}

/** The key that `[1, bytes]` names, if it is one of ours. */
export function keyOfPair(pair: CborValue): SigningKey | undefined {
  const bytes = isArray(pair) ? pair[1] : undefined;
  return isBytes(bytes) ? keyWithBytes(bytes) : undefined;
}

/** Signs in place, where `[1, 64 zeros]` stands for a signature. What is decoded lies in the bytes it came from. */
export function signInPlace(pair: CborValue, key: SigningKey | undefined, message: Uint8Array): void {
  const signature = isArray(pair) ? pair[1] : undefined;
  if (!isBytes(signature) || key === undefined || Buffer.compare(signature, UNSIGNED) !== 0) return;
  signature.set(signMessage(key, message));
}
