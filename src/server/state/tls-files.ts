import { createSecureContext } from "node:tls";
import { errorMessage } from "../error-message.ts";
import { type Certificate, certificatesOf, rfc3339, whyUntimely } from "./certificates.ts";
import { PartFault } from "./part.ts";
import { type PemBlock, readPem } from "./pem.ts";
import { type PrivateKey, privateKeyOf } from "./private-key.ts";
import type { Reading } from "./reading.ts";

/** Names of PEM files. */
export interface TlsFiles {
  /** The server's certificate, and behind it those that lead to a root its clients know. */
  readonly cert: string;
  readonly key: string;
  /** Who may issue the certificates of clients; without it none is asked for. */
  readonly clientCa?: string;
}

/** What the port of the checks proves itself with, and whom it believes. */
export interface TlsCredentials {
  /** When the server's certificate expires, in Unix seconds. */
  readonly notAfter: number;
  /** SHA-256 of that certificate, in hex. */
  readonly fingerprint: string;
  /** The certificates of the client CAs, in PEM; undefined: clients show none. */
  readonly clientCa: string | undefined;
  /** SHA-256 of each of them, in hex. */
  readonly clientCaFingerprints: ReadonlySet<string>;
  /** In PEM, with the private key: a function, so that nothing that prints a snapshot prints it. */
  readonly secrets: () => Secrets;
}

interface Secrets {
  readonly cert: string;
  readonly key: string;
}

/** Whoever renews certificates by a program has renewed long before. */
const EXPIRES_SOON_SECONDS = 7 * 86_400;

/** Uses of a key (RFC 5280 §4.2.1.12). */
const FOR_SERVERS = "1.3.6.1.5.5.7.3.1";
const FOR_ALL = "2.5.29.37.0";

/**
 * Reads and checks the files.
 *
 * A certificate out of its time is taken with a warning: some clients may refuse it, but without a service all of them
 * fail. It never takes the place of one that is valid.
 *
 * @param now Unix seconds
 * @param inForce returned again where the files hold the same
 * @throws {PartFault} with every error of all files; none tells anything of a key
 */
export async function readTls(
  files: TlsFiles,
  now: number,
  reading: Reading,
  warnings: string[],
  inForce?: TlsCredentials,
): Promise<TlsCredentials> {
  const errors: string[] = [];
  const certBlocks = await blocksOf(files.cert, reading, errors);
  const keyBlocks = await blocksOf(files.key, reading, errors);
  const caBlocks = files.clientCa && (await blocksOf(files.clientCa, reading, errors));
  const chain = certBlocks ? certificatesOf(certBlocks, files.cert, "--tls-cert", errors) : [];
  const key = keyBlocks && privateKeyOf(keyBlocks, files.key, errors);
  const authorities =
    files.clientCa && caBlocks ? certificatesOf(caBlocks, files.clientCa, "--tls-client-ca", errors) : [];
  const [leaf] = chain;
  if (leaf !== undefined && key !== undefined) errors.push(...mismatch(files.key, leaf, chain, key));
  errors.push(...uselessAuthorities(authorities));
  if (leaf === undefined || key === undefined || errors.length > 0) throw new PartFault(errors);

  const secrets = { cert: textOf(chain), key: key.pem };
  const clientCa = files.clientCa === undefined ? undefined : textOf(authorities);
  if (inForce !== undefined && isSame(inForce, secrets, clientCa)) return inForce;
  errors.push(...refusedByOpenSsl(files, secrets, clientCa));
  const untimely = whyUntimely(leaf, now);
  const isWorse =
    inForce !== undefined && inForce.notAfter >= now && inForce.fingerprint !== fingerprint(leaf);
  if (untimely !== undefined && isWorse)
    errors.push(`${leaf.place}: ${untimely}, and the one in force is valid`);
  if (errors.length > 0) throw new PartFault(errors);

  if (untimely !== undefined) warnings.push(`${leaf.place}: CLIENTS WILL REFUSE TO CONNECT: ${untimely}`);
  else if (leaf.notAfter - now < EXPIRES_SOON_SECONDS)
    warnings.push(`${leaf.place}: the certificate expires soon, at ${rfc3339(leaf.notAfter)}`);
  warnings.push(...oddities(leaf, chain));
  for (const authority of authorities) {
    const why = whyUntimely(authority, now);
    if (why !== undefined) warnings.push(`${authority.place}: no client can connect by this CA: ${why}`);
  }
  return Object.freeze({
    notAfter: leaf.notAfter,
    fingerprint: fingerprint(leaf),
    clientCa,
    clientCaFingerprints: new Set(authorities.map(fingerprint)),
    secrets: () => secrets,
  });
}

async function blocksOf(
  file: string,
  reading: Reading,
  errors: string[],
): Promise<readonly PemBlock[] | undefined> {
  try {
    const { text } = await reading.text(file);
    const read = readPem(text);
    if ("blocks" in read) return read.blocks;
    errors.push(`${file}:${read.line}: ${read.fault}; the file must be PEM`);
  } catch (error) {
    errors.push(errorMessage(error));
  }
  return undefined;
}

function mismatch(
  keyFile: string,
  leaf: Certificate,
  chain: readonly Certificate[],
  { key }: PrivateKey,
): readonly string[] {
  if (leaf.x509.checkPrivateKey(key)) return [];
  const owner = chain.find(({ x509 }) => x509.checkPrivateKey(key));
  if (owner === undefined)
    return [`${keyFile}: the private key doesn't belong to the certificate at ${leaf.place}`];
  return [`${owner.place}: the certificate that the private key belongs to must be the first of the file`];
}

/** A client's chain is followed to a self-signed root; without one in the file it would silently let nobody in. */
function uselessAuthorities(authorities: readonly Certificate[]): readonly string[] {
  return authorities.flatMap(({ x509, place }) => {
    if (!x509.ca) return `${place}: is not the certificate of a CA, so it can't have issued those of clients`;
    if (authorities.some((other) => x509.checkIssued(other.x509))) return [];
    return `${place}: the certificate of the CA that issued this one is missing in the file; add it, up to the root`;
  });
}

/** Such as keys that are too short. */
function refusedByOpenSsl(files: TlsFiles, secrets: Secrets, ca: string | undefined): readonly string[] {
  const why = (options: Parameters<typeof createSecureContext>[0]): readonly string[] => {
    try {
      createSecureContext(options);
      return [];
    } catch (error) {
      return [error instanceof Error && "reason" in error ? String(error.reason) : "it doesn't say why"];
    }
  };
  return [
    ...why(secrets).map((reason) => `${files.cert}: OpenSSL refuses it, or its key: ${reason}`),
    ...(ca === undefined
      ? []
      : why({ ca }).map((reason) => `${files.clientCa}: OpenSSL refuses it: ${reason}`)),
  ];
}

/** What some clients refuse. */
function oddities(leaf: Certificate, chain: readonly Certificate[]): readonly string[] {
  const uses = leaf.x509.keyUsage ?? [];
  const isForServers = uses.length === 0 || uses.includes(FOR_SERVERS) || uses.includes(FOR_ALL);
  const outOfOrder = chain.flatMap(({ x509, place }, index) => {
    const before = chain[index - 1];
    if (before === undefined || before.x509.checkIssued(x509)) return [];
    return `${place}: this certificate didn't issue the one before it; clients may not find the way to a root`;
  });
  if (isForServers) return outOfOrder;
  return [`${leaf.place}: the certificate isn't meant for servers (extendedKeyUsage)`, ...outOfOrder];
}

function isSame(
  { secrets, clientCa }: TlsCredentials,
  { cert, key }: Secrets,
  ca: string | undefined,
): boolean {
  return secrets().cert === cert && secrets().key === key && clientCa === ca;
}

function textOf(certificates: readonly Certificate[]): string {
  return certificates.map(({ pem }) => pem).join("");
}

function fingerprint({ x509 }: Certificate): string {
  return x509.fingerprint256.replaceAll(":", "").toLowerCase();
}
