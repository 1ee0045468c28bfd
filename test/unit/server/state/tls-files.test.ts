import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { PartFault } from "../../../../src/server/state/part.ts";
import { createReading } from "../../../../src/server/state/reading.ts";
import { readTls, type TlsCredentials, type TlsFiles } from "../../../../src/server/state/tls-files.ts";
import { unixNow } from "../../../../src/server/unix-now.ts";
import { createPki, noPki } from "../../../support/pki.ts";

const skip = noPki();
const pki = createPki();
after(pki.remove);
const made = skip ? undefined : makeFiles();
const { ca, below, server, renewed, expired, other } = made as NonNullable<typeof made>;

function makeFiles() {
  const root = pki.ca("ca");
  return {
    ca: root,
    below: pki.ca("below", root),
    server: pki.issue("server", root, { days: 30 }),
    renewed: pki.issue("renewed", root, { days: 30 }),
    expired: pki.issue("expired", root, { days: -1 }),
    other: pki.issue("other", root, { days: 3, extensions: ["extendedKeyUsage=clientAuth"] }),
  };
}

const now = unixNow();
const read = (file: string): string => readFileSync(file, "utf8");

async function load(files: TlsFiles, inForce?: TlsCredentials) {
  const warnings: string[] = [];
  const tls = await readTls(files, now, createReading(), warnings, inForce);
  return { tls, warnings };
}

async function errorsOf(files: TlsFiles, inForce?: TlsCredentials): Promise<readonly string[]> {
  try {
    await load(files, inForce);
  } catch (error) {
    assert.ok(error instanceof PartFault, String(error));
    return error.messages;
  }
  return [];
}

function openssl(name: string, ...args: readonly string[]): string {
  const file = join(pki.folder, name);
  execFileSync("openssl", [...args, "-out", file], { stdio: "pipe" });
  return file;
}

test("what is read is there, but no text of it holds the key", { skip }, async () => {
  const { tls, warnings } = await load({ ...server, clientCa: ca.cert });
  assert.deepEqual(warnings, []);
  assert.equal(tls.clientCa, read(ca.cert));
  assert.equal(tls.secrets().key, read(server.key));
  assert.ok(tls.notAfter > now + 29 * 86_400);
  for (const text of [inspect(tls, { depth: 9, showHidden: true }), JSON.stringify(tls)])
    assert.doesNotMatch(text, /PRIVATE/);
  assert.equal(
    (await load({ ...server, clientCa: ca.cert }, tls)).tls,
    tls,
    "the same files are the same object",
  );
  assert.notEqual((await load({ ...renewed, clientCa: ca.cert }, tls)).tls, tls);
});

test("every fault of every file is told at once, with its place and what to do, and nothing of a key", {
  skip,
}, async () => {
  const encrypted = openssl("encrypted.key", "pkcs8", "-topk8", "-in", server.key, "-passout", "pass:secret");
  const short = openssl("short.key", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024");
  const shortCert = openssl("short.pem", "req", "-x509", "-key", short, "-subj", "/CN=short", "-days", "30");
  const secret = "MC4CAQAwBQYDK2VwBCIEIKZ2";
  const key = (text: string) => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`;
  const bad = pki.write("bad.key", `# mine\n${key(secret)}`);
  const cut = pki.write("cut.pem", read(server.cert).slice(0, 200));
  const garbage = pki.write("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const chain = pki.write("chain.pem", read(ca.cert) + read(server.cert));
  const two = pki.write("two.key", read(server.key) + read(renewed.key));
  const empty = pki.write("empty.pem", "hello\n");
  const none = join(pki.folder, "none");
  const cases: readonly (readonly [TlsFiles, readonly RegExp[]])[] = [
    [
      { cert: none, key: none, clientCa: none },
      [/none: no such file/, /none: no such file/, /none: no such file/],
    ],
    [
      { cert: server.cert, key: renewed.key },
      [/renewed\.key: the private key doesn't belong to .*server\.pem:1/],
    ],
    [
      { cert: server.key, key: server.cert },
      [
        /server\.key: holds a private key and no certificate/,
        /server\.pem: holds a certificate and no private key/,
      ],
    ],
    [{ cert: server.cert, key: encrypted }, [/encrypted\.key:1: .*encrypted.*`openssl pkey`/]],
    [{ cert: server.cert, key: bad }, [/bad\.key:2: is not a private key/]],
    [{ cert: server.cert, key: two }, [/two\.key:\d+: is a second private key/]],
    [{ cert: cut, key: server.key }, [/cut\.pem:1: `BEGIN CERTIFICATE` without an end/]],
    [
      { cert: garbage, key: server.key, clientCa: garbage },
      [/garbage\.pem:1: is not a certificate/, /garbage\.pem:1/],
    ],
    [{ cert: chain, key: server.key }, [/chain\.pem:\d+: .*must be the first/]],
    [{ ...server, clientCa: empty }, [/empty\.pem: holds no certificate; `--tls-client-ca`/]],
    [{ ...server, clientCa: server.cert }, [/server\.pem:1: is not the certificate of a CA/]],
    [{ ...server, clientCa: below.cert }, [/below\.pem:1: .*issued this one is missing/]],
    [{ cert: shortCert, key: short }, [/short\.pem: OpenSSL refuses it.*too small/]],
  ];
  for (const [files, expected] of cases) {
    const errors = await errorsOf(files);
    assert.equal(errors.length, expected.length, errors.join("\n"));
    for (const [index, pattern] of expected.entries()) assert.match(errors[index] ?? "", pattern);
    assert.doesNotMatch(errors.join("\n"), new RegExp(secret));
  }
});

test("an expired certificate is taken with a warning, but never in place of a valid one", {
  skip,
}, async () => {
  const { tls, warnings } = await load(expired);
  assert.match(
    warnings.join("\n"),
    /expired\.pem:1: CLIENTS WILL REFUSE TO CONNECT: the certificate expired at/,
  );
  const valid = await load(server, tls);
  assert.match(
    (await errorsOf(expired, valid.tls)).join("\n"),
    /expired at .*, and the one in force is valid/,
  );
});

test("what some clients would refuse is a warning", { skip }, async () => {
  const cert = pki.write("odd.pem", read(other.cert) + read(server.cert));
  const { warnings } = await load({ cert, key: other.key });
  assert.equal(warnings.length, 3);
  for (const pattern of [/expires soon/, /isn't meant for servers/, /didn't issue the one before/])
    assert.match(warnings.join("\n"), pattern);
});
