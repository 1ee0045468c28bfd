/** What we ask of it; the package tells no types. */
declare module "sodium-native" {
  const sodium: {
    /** RFC 8032, cofactorless; refuses an s of L or more, and keys and R that are of small order. */
    readonly crypto_sign_verify_detached: (
      signature: Uint8Array,
      message: Uint8Array,
      publicKey: Uint8Array,
    ) => boolean;
  };
  // biome-ignore lint/style/noDefaultExport: a module of CommonJS has nothing else
  export default sodium;
}
