import { SIGNATURE_BYTES } from "../crypto/ed25519.ts";
import type { Steps } from "../steps.ts";
import { MAX_STACK_BYTES } from "./limits.ts";
import { parseStack } from "./parse.ts";
import { refuse, type WarrantRefusal } from "./refusal.ts";
import type { Stack } from "./warrant.ts";

/** Base64 turns 3 bytes into 4 characters. */
const MAX_HEADER_CHARACTERS = Math.ceil(MAX_STACK_BYTES / 3) * 4;

/** Reads the text of a warrant header: one warrant or a stack. */
export function* parseWarrantHeader(
  text: string | undefined,
  maxChainLength?: number,
): Steps<Stack | WarrantRefusal> {
  if (text === undefined) return refuse("missing_warrant", "the request carries no warrant");
  if (text.length > MAX_HEADER_CHARACTERS) return refuse("invalid_warrant", "the warrant header is too long");
  const bytes = decodeBase64(text);
  if (bytes === undefined) return refuse("invalid_warrant", "the warrant header isn't base64url or base64");
  return yield* parseStack(bytes, maxChainLength);
}

/** Reads the text of a proof header: the 64 bytes of a signature. */
export function parseProofHeader(text: string | undefined): Uint8Array | WarrantRefusal {
  if (text === undefined || text === "")
    return refuse("missing_pop", "the request carries no proof of possession");
  const bytes = decodeBase64(text);
  if (bytes?.length === SIGNATURE_BYTES) return bytes;
  return refuse("invalid_pop", "the proof header isn't 64 bytes in base64url without padding");
}

export function isProof(parsed: Uint8Array | WarrantRefusal): parsed is Uint8Array {
  return parsed instanceof Uint8Array;
}

/** The form headers are sent in. */
export function encodeHeader(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

/**
 * The two spellings of a Tenuo header (wire format §3): base64url without padding, standard base64 with it.
 * Encoding again and comparing refuses everything else: other padding, mixed alphabets, spaces, leftover bits.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  for (const encoding of ["base64url", "base64"] as const) {
    const bytes = Buffer.from(text, encoding);
    if (bytes.length > 0 && bytes.toString(encoding) === text) return bytes;
  }
  return undefined;
}
