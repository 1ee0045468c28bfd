import sodium from "sodium-native";

/** Of 32, any number of, and 64 bytes. */
export function verifyWithSodium(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return sodium.crypto_sign_verify_detached(signature, message, publicKey);
}
