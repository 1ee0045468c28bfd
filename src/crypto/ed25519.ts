import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { Point } from "@noble/ed25519";

/** Ed25519 key and signature sizes in bytes (RFC 8032 §5.1.5, §5.1.6). */
export const PUBLIC_KEY_BYTES = 32;
export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/**
 * A public key that is canonically encoded and not of small order. Whether it lies on the curve is told by
 * {@link isOnCurve}, which costs as much as a verification and is therefore asked only of keys that matter.
 */
export interface PublicKey {
  readonly bytes: Uint8Array;
  /** 64 lower-case hex digits; two keys are the same key when these are equal. */
  readonly hex: string;
}

/** A private key with its public half. It holds a secret: never log it. */
export interface SigningKey {
  readonly publicKey: PublicKey;
  readonly privateKey: KeyObject;
}

/** 2^255 − 19, little-endian; an encoded y at or above it has a second spelling. */
const FIELD_PRIME_TOP_BYTE = 0x7f;
const FIELD_PRIME_LOW_BYTE = 0xed;

/** The y coordinates of the eight points of small order, little-endian hex; anyone can sign for these. */
const SMALL_ORDER_Y = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
].map((hex) => Buffer.from(hex, "hex"));

/**
 * Reads a public key.
 *
 * @returns undefined for any other length, a y at or above the field prime, or a point of small order.
 */
export function publicKeyFromBytes(bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== PUBLIC_KEY_BYTES || !isSafePoint(bytes)) return undefined;
  return { bytes, hex: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex") };
}

/** Reads 64 hex digits of either case; also demands a point on the curve, as configured keys are read once. */
export function publicKeyFromHex(text: string): PublicKey | undefined {
  if (!/^[0-9a-f]{64}$/i.test(text)) return undefined;
  const key = publicKeyFromBytes(Buffer.from(text, "hex"));
  return key !== undefined && isOnCurve(key) ? key : undefined;
}

/** Whether the key can be decompressed to a point; remembered for keys seen lately. */
export function isOnCurve(key: PublicKey): boolean {
  const known = knownKey(key);
  if (known.onCurve === undefined) {
    try {
      Point.fromBytes(key.bytes);
      known.onCurve = true;
    } catch {
      known.onCurve = false;
    }
  }
  return known.onCurve;
}

/**
 * Strict verification: cofactorless, s < L, and neither A nor R non-canonical or of small order
 * (the libraries do the first two, the checks in front of them the rest).
 */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isSafePoint(signature)) return false;
  return verifyNatively(key, message, signature);
}

type Verify = (key: PublicKey, message: Uint8Array, signature: Uint8Array) => boolean;

/** Those there are on this platform; they say the same of what the checks in front of them let through. */
export const VERIFIERS: { readonly openssl: Verify; readonly sodium: Verify | undefined } = {
  openssl: (key, message, signature) => verify(null, message, importedKey(key), signature),
  // Undefined where there is no build of it, as on Alpine.
  sodium: await import("./sodium.ts").then(
    ({ verifyWithSodium }): Verify =>
      (key, message, signature) =>
        verifyWithSodium(key.bytes, message, signature),
    () => undefined,
  ),
};
/** libsodium takes half the time. */
const verifyNatively = VERIFIERS.sodium ?? VERIFIERS.openssl;
/** Which of them it is. */
export const VERIFIER: keyof typeof VERIFIERS = VERIFIERS.sodium === undefined ? "openssl" : "sodium";

export function signMessage(key: SigningKey, message: Uint8Array): Uint8Array {
  return sign(null, message, key.privateKey);
}

/** PKCS #8 wrapping of a bare Ed25519 seed (RFC 8410 §7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** Makes a signing key from its 32-byte seed. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES)
    throw new RangeError(`an Ed25519 seed has ${SEED_BYTES} bytes, not ${seed.length}`);
  return signingKey(
    createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" }),
  );
}

export function generateSigningKey(): SigningKey {
  return signingKey(generateKeyPairSync("ed25519").privateKey);
}

/** The 32-byte seed of a signing key; a secret. */
export function seedOf(key: SigningKey): Uint8Array {
  return key.privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8_PREFIX.length);
}

function signingKey(privateKey: KeyObject): SigningKey {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  const publicKey = publicKeyFromBytes(Buffer.from(x ?? "", "base64url"));
  if (publicKey === undefined) throw new Error("the public half of an Ed25519 key is unreadable");
  return { publicKey, privateKey };
}

/** Looks at the first 32 bytes: a key, or the R of a signature. */
function isSafePoint(bytes: Uint8Array): boolean {
  return isCanonicalY(bytes) && !SMALL_ORDER_Y.some((y) => sameY(bytes, y));
}

function isCanonicalY(bytes: Uint8Array): boolean {
  if (((bytes[31] as number) & 0x7f) !== FIELD_PRIME_TOP_BYTE) return true;
  for (let i = 30; i > 0; i--) if (bytes[i] !== 0xff) return true;
  return (bytes[0] as number) < FIELD_PRIME_LOW_BYTE;
}

/** Compares y without the sign bit of x. */
function sameY(bytes: Uint8Array, y: Uint8Array): boolean {
  if (((bytes[31] as number) & 0x7f) !== y[31]) return false;
  for (let i = 0; i < 31; i++) if (bytes[i] !== y[i]) return false;
  return true;
}

interface KnownKey {
  keyObject?: KeyObject;
  onCurve?: boolean;
}

/** To import a key, or to find its point, costs as much as a verification with it, so both are kept, oldest out first. */
const KNOWN_KEYS_MAX = 4096;
const knownKeys = new Map<string, KnownKey>();

function knownKey(key: PublicKey): KnownKey {
  const known = knownKeys.get(key.hex);
  if (known !== undefined) return known;
  const added: KnownKey = {};
  if (knownKeys.size >= KNOWN_KEYS_MAX) {
    const oldest = knownKeys.keys().next();
    if (!oldest.done) knownKeys.delete(oldest.value);
  }
  knownKeys.set(key.hex, added);
  return added;
}

function importedKey(key: PublicKey): KeyObject {
  const known = knownKey(key);
  known.keyObject ??= createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.bytes).toString("base64url") },
    format: "jwk",
  });
  return known.keyObject;
}
