import { createPrivateKey, type KeyObject } from "node:crypto";
import type { PemBlock } from "./pem.ts";

export interface PrivateKey {
  readonly key: KeyObject;
  readonly pem: string;
}

/** The private key among the blocks of a file. The errors tell nothing of a key. */
export function privateKeyOf(
  blocks: readonly PemBlock[],
  file: string,
  errors: string[],
): PrivateKey | undefined {
  const [block, second] = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) {
    const instead = blocks.some(({ label }) => label === "CERTIFICATE") ? "a certificate and " : "";
    errors.push(
      `${file}: holds ${instead}no private key; \`--tls-key\` wants PEM with \`-----BEGIN PRIVATE KEY-----\``,
    );
    return undefined;
  }
  const place = `${file}:${block.line}`;
  if (second !== undefined) {
    errors.push(`${file}:${second.line}: is a second private key; which one is meant?`);
  } else if (block.label.startsWith("ENCRYPTED") || /^Proc-Type:.*ENCRYPTED/m.test(block.text)) {
    errors.push(
      `${place}: the private key is encrypted, and nobody can be asked for its passphrase; decrypt it with \`openssl pkey\``,
    );
  } else {
    try {
      return { key: createPrivateKey(block.text), pem: block.text };
    } catch {
      // OpenSSL may quote the file.
      errors.push(`${place}: is not a private key that can be read`);
    }
  }
  return undefined;
}
