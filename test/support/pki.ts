import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missing } from "./missing.ts";

/** Files of a certificate and its key. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** `openssl` extensions, as `extendedKeyUsage=clientAuth`. */
  readonly extensions?: readonly string[];
  /** From now on; negative: it has expired. */
  readonly days?: number;
  /** `IP:127.0.0.1` by default. */
  readonly subject?: string;
}

/** A public key infrastructure in a folder of its own, made by openssl. */
export interface Pki {
  readonly folder: string;
  /** A CA: a root, or one that another issued. */
  readonly ca: (name: string, issuer?: Issued) => Issued;
  /** Signed by a CA. */
  readonly issue: (name: string, issuer: Issued, options?: CertificateOptions) => Issued;
  readonly write: (name: string, text: string) => string;
  readonly remove: () => void;
}

/** For the `skip` of what needs certificates. @throws {Error} under `CI=true` instead */
export function noPki(): string | false {
  try {
    execFileSync("openssl", ["version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("tests of TLS, for want of openssl", error);
  }
}

const P256 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const CA_EXTENSIONS = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

export function createPki(): Pki {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-pki-"));
  const openssl = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  };
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = (name: string): Issued => ({
    cert: join(folder, `${name}.pem`),
    key: join(folder, `${name}.key`),
  });
  const sign = (name: string, issuer: Issued, days: number, extensions: readonly string[]): Issued => {
    const { cert, key } = files(name);
    const request = join(folder, `${name}.csr`);
    openssl("req", ...P256, "-keyout", key, "-subj", `/CN=${name}`, "-out", request);
    const extfile = write(`${name}.ext`, `${extensions.join("\n")}\n`);
    const signer = ["-CA", issuer.cert, "-CAkey", issuer.key];
    openssl(
      "x509",
      "-req",
      "-in",
      request,
      ...signer,
      "-days",
      String(days),
      "-extfile",
      extfile,
      "-out",
      cert,
    );
    return { cert, key };
  };
  return {
    folder,
    write,
    ca: (name, issuer) => {
      if (issuer !== undefined) return sign(name, issuer, 30, CA_EXTENSIONS);
      const { cert, key } = files(name);
      const extensions = CA_EXTENSIONS.flatMap((extension) => ["-addext", extension]);
      openssl(
        "req",
        "-x509",
        ...P256,
        "-keyout",
        key,
        "-subj",
        `/CN=${name}`,
        "-days",
        "30",
        ...extensions,
        "-out",
        cert,
      );
      return { cert, key };
    },
    issue: (name, issuer, { extensions = [], days = 30, subject = "IP:127.0.0.1" } = {}) =>
      sign(name, issuer, days, ["basicConstraints=CA:FALSE", `subjectAltName=${subject}`, ...extensions]),
    remove: () => rmSync(folder, { recursive: true }),
  };
}
