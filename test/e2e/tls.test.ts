import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileQuestions, keepAsking, told } from "../support/asking.ts";
import { send } from "../support/client.ts";
import { type ConfigMap, mountConfigMap } from "../support/config-map.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { guardCases } from "../support/guard-cases.ts";
import { createPki, type Issued, noPki, type Pki } from "../support/pki.ts";
import { reloadsIn } from "../support/reloads.ts";
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

/** What a side shows, and whom it believes, as the files of a Secret. */
function secret({ cert, key }: Issued, ...believed: readonly Issued[]) {
  return {
    "tls.crt": read(cert),
    "tls.key": read(key),
    "ca.crt": believed.map((ca) => read(ca.cert)).join(""),
  };
}

/** The folders of Envoy for envoy/mtls.yaml. */
function mountForEnvoy(pki: Pki, first: ReturnType<typeof secret>) {
  const [tls, sds] = ["envoy-tls", "envoy-sds"].map((name) => join(pki.folder, name)) as [string, string];
  mkdirSync(sds);
  for (const name of ["certificate.yaml", "ca.yaml"])
    writeFileSync(join(sds, name), envoyFile(`sds/${name}`).replaceAll("/etc/envoy/tls", tls));
  const mount: ConfigMap = mountConfigMap(tls, first);
  return { mount, folders: { "/etc/envoy/sds": sds } };
}

/** Waits until Envoy shows these certificates. */
async function loaded(stack: LocalStack, ...files: readonly Issued[]): Promise<void> {
  const serials = files.map(({ cert }) => new X509Certificate(readFileSync(cert)).serialNumber.toLowerCase());
  await waitFor("Envoy to load the certificates", async () => {
    const shown = await (await fetch(`http://127.0.0.1:${stack.adminPort}/certs`)).text();
    return serials.every((serial) => shown.toLowerCase().includes(serial)) || undefined;
  });
}

const SERVICE = { subject: "DNS:tenuo-ext-authz" };
const PROXY = { extensions: ["extendedKeyUsage=clientAuth"] };

test("with envoy/mtls.yaml both sides get certificates of another CA under load, and no check fails", {
  skip,
}, async (t) => {
  const pki = openPki(t);
  const [before, after] = [pki.ca("before"), pki.ca("after")];
  const proxies = [pki.issue("proxy-0", before, PROXY), pki.issue("proxy-1", after, PROXY)] as const;
  const services = [pki.issue("service-0", before, SERVICE), pki.issue("service-1", after, SERVICE)] as const;
  const envoy = mountForEnvoy(pki, secret(proxies[0], before));
  const folder = join(pki.folder, "service");
  const service = mountConfigMap(folder, secret(services[0], before));
  const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const stack = await startLocal({
    trustedKeys,
    envoyYaml: envoyFile("mtls.yaml"),
    folders: envoy.folders,
    serveArguments: ["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca],
  });
  t.after(stack.stop);
  await loaded(stack, proxies[0], before);

  const gateway = throughEnvoy(stack);
  const asking = keepAsking(t, gateway, questions);
  const reloads = () => reloadsIn(stack.serviceOutput());
  const swapService = async (files: ReturnType<typeof secret>): Promise<void> => {
    const done = reloads();
    service.swap(files);
    await waitFor("the service to reload", () => reloads() > done || undefined);
  };
  // Both are believed, then shown, then only the new one is believed.
  envoy.mount.swap(secret(proxies[0], before, after));
  await swapService(secret(services[0], before, after));
  await loaded(stack, after);
  envoy.mount.swap(secret(proxies[1], before, after));
  await swapService(secret(services[1], before, after));
  await loaded(stack, proxies[1]);
  envoy.mount.swap(secret(proxies[1], after));
  await swapService(secret(services[1], after));
  const asked = asking.figures().asked;
  await waitFor("more verdicts", () => asking.figures().asked > asked + 300 || undefined);
  const figures = await asking.stop();
  t.diagnostic(`another CA on both sides: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors, gateway.held()], [[], 0, 0]);
  assert.equal(await stack.upstreamCount(), gateway.allowed(), "requests at the upstream");

  // A certificate of the right CA, and of another name.
  await swapService(secret(pki.issue("other-service", after, { subject: "DNS:other" }), after));
  await stack.killService();
  await stack.startService();
  await waitFor("Envoy to refuse the name", async () => ((await status(stack)) === 503 ? true : undefined));
  for (let i = 0; i < 5; i++) assert.equal(await status(stack), 503);
  await waitFor(
    "the reason in the log",
    () => /the client refuses this service's certificate/.test(stack.serviceOutput()) || undefined,
  );
});

test("through Envoy with mutual TLS, certificates and CAs are replaced under load, and a removed CA ends what it let in", {
  skip,
}, async (t) => {
  const pki = openPki(t);
  const [ca, other] = [pki.ca("ca"), pki.ca("other")];
  const proxy = pki.issue("proxy", ca, PROXY);
  const servers = [20, 25].map((days, i) => pki.issue(`server-${i}`, ca, { days, ...SERVICE }));
  const [first] = servers as [Issued, Issued];
  const live = {
    cert: pki.write("live.pem", read(first.cert)),
    key: pki.write("live.key", read(first.key)),
    ca: pki.write("live-ca.pem", read(ca.cert)),
  };
  const stack = await startLocal({
    trustedKeys,
    envoyYaml: envoyFile("mtls.yaml"),
    folders: mountForEnvoy(pki, secret(proxy, ca)).folders,
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
  await waitFor(
    "the event in the log",
    () => /"event":"tls_handshake_failed"/.test(stack.serviceOutput()) || undefined,
  );
  put(live.ca, read(ca.cert));
  await waitFor("the proxy to be let in again", async () =>
    (await status(stack)) === 200 ? true : undefined,
  );
});

guardCases("envoy/mtls.yaml", {
  ...{ skip, root },
  start: async () => {
    const pki = createPki();
    const ca = pki.ca("ca");
    const envoy = mountForEnvoy(pki, secret(pki.issue("proxy", ca, PROXY), ca));
    const { cert, key } = pki.issue("service", ca, SERVICE);
    const stack = await startLocal({
      trustedKeys,
      envoyYaml: envoyFile("mtls.yaml"),
      folders: envoy.folders,
      serveArguments: ["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca.cert],
    });
    return { ...stack, stop: () => stack.stop().finally(pki.remove) };
  },
});

test("through Envoy and a Unix socket verdicts are the same, and the socket goes with the service", {
  skip,
}, async (t) => {
  const stack = await startLocal({ trustedKeys, envoyYaml: envoyFile("sidecar-unix-socket.yaml") });
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
