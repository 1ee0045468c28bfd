import { X509Certificate } from "node:crypto";
import type { PemBlock } from "./pem.ts";

/** A certificate of a file. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** `file:line`. */
  readonly place: string;
  readonly pem: string;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The certificates among the blocks of a file, in order. @param flag which named the file */
export function certificatesOf(
  blocks: readonly PemBlock[],
  file: string,
  flag: string,
  errors: string[],
): readonly Certificate[] {
  const certificates = blocks.filter(({ label }) => label === "CERTIFICATE");
  if (certificates.length === 0) {
    const instead = blocks.some(({ label }) => label.endsWith("PRIVATE KEY")) ? "a private key and " : "";
    errors.push(
      `${file}: holds ${instead}no certificate; \`${flag}\` wants PEM with \`-----BEGIN CERTIFICATE-----\``,
    );
  }
  return certificates.flatMap(({ line, text: pem }) => {
    const place = `${file}:${line}`;
    try {
      const x509 = new X509Certificate(pem);
      return { x509, place, pem, notBefore: unix(x509.validFromDate), notAfter: unix(x509.validToDate) };
    } catch {
      errors.push(`${place}: is not a certificate that can be read`);
      return [];
    }
  });
}

function unix(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** Why a certificate can't be used at `now` (Unix seconds). */
export function whyUntimely({ notBefore, notAfter }: Certificate, now: number): string | undefined {
  if (now > notAfter) return `the certificate expired at ${rfc3339(notAfter)}`;
  if (now < notBefore) return `the certificate isn't valid before ${rfc3339(notBefore)}`;
  return undefined;
}

/** @param seconds Unix seconds */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
