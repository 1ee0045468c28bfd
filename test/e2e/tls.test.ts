import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileQuestions, keepAsking, told } from "../support/asking.ts";
import { send } from "../support/client.ts";
import { exampleEnvoyYaml, withSocket, withTls } from "../support/envoy-yaml.ts";
import { createPki, type Issued, noPki, type Pki } from "../support/pki.ts";
import { noLocalStack } from "../support/stack.ts";
import { type LocalStack, startLocal } from "../support/stack-local.ts";
import { throughEnvoy } from "../support/through-envoy.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const questions = await fileQuestions(root);
const [{ target, headers }] = questions;
const trustedKeys = [root.publicKey.hex];
const skip = (await noLocalStack()) || noPki();

const SWAPS = 50;

function openPki(t: TestContext): Pki {
  const pki = createPki();
  t.after(pki.remove);
  return pki;
}

/** In one step. */
function put(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

async function status(stack: LocalStack): Promise<number> {
  return (await send(stack.gateway(), { target, headers: Object.entries(await headers()) })).status;
}

async function expiry(stack: LocalStack): Promise<number> {
  const { host, port } = stack.health();
  const { tls } = (await (await fetch(`http://${host}:${port}/status`)).json()) as {
    tls: { not_after: string };
  };
  return Date.parse(tls.not_after);
}

const read = (file: string): string => readFileSync(file, "utf8");
const notAfter = ({ cert }: Issued): number => {
  const { validToDate } = new X509Certificate(readFileSync(cert));
  return validToDate.getTime();
};

test("through Envoy with mutual TLS, certificates and CAs are replaced under load, and a removed CA ends what it let in", {
  skip,
}, async (t) => {
  const pki = openPki(t);
  const [ca, other] = [pki.ca("ca"), pki.ca("other")];
  const proxy = pki.issue("proxy", ca, { extensions: ["extendedKeyUsage=clientAuth"] });
  const servers = [20, 25].map((days, i) => pki.issue(`server-${i}`, ca, { days }));
  const [first] = servers as [Issued, Issued];
  const live = {
    cert: pki.write("live.pem", read(first.cert)),
    key: pki.write("live.key", read(first.key)),
    ca: pki.write("live-ca.pem", read(ca.cert)),
  };
  const stack = await startLocal({
    trustedKeys,
    envoyYaml: withTls(exampleEnvoyYaml, { ca: ca.cert, ...proxy }),
    serveArguments: ["--tls-cert", live.cert, "--tls-key", live.key, "--tls-client-ca", live.ca],
  });
  t.after(stack.stop);

  const gateway = throughEnvoy(stack);
  const asking = keepAsking(t, gateway, questions);
  for (let swap = 1; swap <= SWAPS; swap++) {
    const next = servers[swap % servers.length] as Issued;
    // One after the other, as an operator may: in between they don't belong together.
    put(live.cert, read(next.cert));
    put(live.ca, swap % 2 === 0 ? read(ca.cert) : read(ca.cert) + read(other.cert));
    put(live.key, read(next.key));
    await waitFor(`swap ${swap}`, async () => ((await expiry(stack)) === notAfter(next) ? true : undefined));
  }
  const figures = await asking.stop();
  t.diagnostic(`${SWAPS} swaps of certificate, key and client CAs: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors, gateway.held()], [[], 0, 0]);
  assert.equal(await stack.upstreamCount(), gateway.allowed(), "requests at the upstream");

  put(live.ca, read(other.cert));
  await waitFor("the proxy to be shut out", async () => ((await status(stack)) === 503 ? true : undefined));
  assert.match(stack.serviceOutput(), /"event":"tls_handshake_failed"/);
  put(live.ca, read(ca.cert));
  await waitFor("the proxy to be let in again", async () =>
    (await status(stack)) === 200 ? true : undefined,
  );
});

test("through Envoy and a Unix socket verdicts are the same, and the socket goes with the service", {
  skip,
}, async (t) => {
  const stack = await startLocal({ trustedKeys, envoyYaml: withSocket(exampleEnvoyYaml, "/any.sock") });
  t.after(stack.stop);
  const { socket } = stack;
  const gateway = throughEnvoy(stack);
  const asking = keepAsking(t, gateway, questions);
  await waitFor("some verdicts", () => asking.figures().asked > 200 || undefined);
  const figures = await asking.stop();
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
  assert.equal(await stack.upstreamCount(), gateway.allowed(), "requests at the upstream");
  assert.equal(statSync(socket).mode & 0o777, 0o660);

  // A crash leaves it behind, and the next start takes its place.
  await stack.killService();
  assert.ok(existsSync(socket));
  await stack.startService();
  await waitFor("the gateway to work again", async () => ((await status(stack)) === 200 ? true : undefined));
  const [replica] = stack.replicas;
  replica?.signal("SIGTERM");
  assert.equal(await replica?.ended(), 0);
  assert.equal(existsSync(socket), false);
});
