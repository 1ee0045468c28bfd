import { type PublicKey, publicKeyFromHex } from "../../crypto/ed25519.ts";
import { errorMessage } from "../error-message.ts";
import { PartFault } from "./part.ts";
import type { Reading } from "./reading.ts";

/** Where trusted roots come from, besides the settings of gateway.yaml. */
export interface TrustedKeysSource {
  /** Hex keys from flags and environment, with the name of where each was given. */
  readonly trustedKeys: readonly { readonly from: string; readonly hex: string }[];
  /** One hex key a line; empty lines and `#` comments are skipped. */
  readonly trustedKeysFile?: string;
}

export interface TrustedKeys {
  readonly keys: readonly PublicKey[];
  /** Hex of the SHA-256 of the file; undefined without one. */
  readonly sha256: string | undefined;
}

/**
 * The keys of flags, environment and file.
 *
 * @param inForce returned again where the file holds the same
 * @throws {PartFault} that names the place of each key that is none, or {Error} for a file that can't be read
 */
export async function readTrustedKeys(
  { trustedKeys, trustedKeysFile }: TrustedKeysSource,
  reading: Reading,
  inForce: TrustedKeys | undefined,
): Promise<TrustedKeys> {
  const errors: string[] = [];
  const given = trustedKeys.flatMap(({ from, hex }) => parseKey(from, hex, errors));
  let file: { readonly text: string; readonly sha256?: string } = { text: "" };
  try {
    if (trustedKeysFile !== undefined) file = await reading.text(trustedKeysFile);
  } catch (error) {
    errors.push(errorMessage(error));
  }
  if (errors.length === 0 && inForce !== undefined && inForce.sha256 === file.sha256) return inForce;

  const listed = file.text.split("\n").flatMap((line, index) => {
    const hex = line.replace(/#.*/, "").trim();
    return hex === "" ? [] : parseKey(`${trustedKeysFile}:${index + 1}:1`, hex, errors);
  });
  if (errors.length > 0) throw new PartFault(errors);
  return Object.freeze({ keys: Object.freeze([...given, ...listed]), sha256: file.sha256 });
}

function parseKey(from: string, hex: string, errors: string[]): PublicKey | [] {
  const key = publicKeyFromHex(hex);
  // Not the text itself: a private key given by mistake would land in a log.
  if (key === undefined)
    errors.push(`${from}: ${hex.length} characters that are not an Ed25519 public key (64 hex digits)`);
  return key ?? [];
}
