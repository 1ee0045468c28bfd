import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { fileQuestions, overGrpc } from "../support/asking.ts";
import { gatewayYaml, type Manifest, noHelm, only, render, type Values } from "../support/chart.ts";
import { type ChartPod, type Objects, ownObjects, startPod } from "../support/chart-pod.ts";
import { freePort } from "../support/free-port.ts";
import { createPki, noPki } from "../support/pki.ts";
import { MAIN } from "../support/replica.ts";
import { signList } from "../support/revocation-list.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";
import { GATEWAY, REFERENCE_VALUES } from "./chart-matrix.ts";

const skip = noHelm() || noPki();
const pki = createPki();
after(pki.remove);
const root = newKey();
const TRUSTED = { config: { trustedRoots: [root.publicKey.hex] }, gateway: GATEWAY };

interface Running {
  readonly pod: ChartPod;
  readonly manifests: readonly Manifest[];
  /** Of the checks. */
  readonly port: number;
}

/** The service with the arguments, variables and files that the chart gives it, on ports of its own. */
async function run(
  t: TestContext,
  valuesFor: (port: number) => readonly Values[],
  objects: Objects = {},
): Promise<Running> {
  const [port, healthPort] = await Promise.all([freePort(), freePort()]);
  const values = [...valuesFor(port), { service: { port, healthPort } }];
  const { manifests } = await render(t, { values });
  const pod = startPod(t, manifests, objects);
  await waitFor("the start", async () => {
    if (pod.ended()) throw new Error(pod.output());
    const [status] = await pod.probe(pod.container.startupProbe).catch(() => [0]);
    return status === 200 || undefined;
  });
  return { pod, manifests, port };
}

async function assertAliveAndReady({ container, probe }: ChartPod): Promise<void> {
  assert.equal((await probe(container.livenessProbe))[0], 200);
  assert.deepEqual(await probe(container.readinessProbe), [200, '{"ready":true}\n']);
}

async function verdicts(port: number, ca?: string): Promise<Readonly<Record<string, string>>> {
  const answerer = overGrpc(port, ca === undefined ? undefined : readFileSync(ca));
  const answers = (await fileQuestions(root)).map(async ({ name, target, headers }) => [
    name,
    await answerer.ask(target, await headers()),
  ]);
  const entries = await Promise.all(answers);
  answerer.close();
  return Object.fromEntries(entries);
}

test("by default the service lives, and isn't ready for want of a trusted root", { skip }, async (t) => {
  const { pod } = await run(t, () => []);
  assert.equal((await pod.probe(pod.container.livenessProbe))[0], 200);
  const [status, body] = await pod.probe(pod.container.readinessProbe);
  assert.equal(status, 503);
  assert.match(body, /trusted root/);
});

test("with a root and a route it is ready and judges", { skip }, async (t) => {
  const { pod, port } = await run(t, () => [TRUSTED]);
  await assertAliveAndReady(pod);
  const { good, strange } = await verdicts(port);
  assert.deepEqual({ good, strange }, { good: "allow", strange: "untrusted_root" });
});

test("with values of Tenuo's own chart, which probe the port of the checks, it is ready", {
  skip,
}, async (t) => {
  const { pod, port } = await run(t, (checks) => [
    REFERENCE_VALUES,
    { livenessProbe: { httpGet: { port: checks } } },
  ]);
  assert.deepEqual(pod.container.livenessProbe.httpGet.port, port);
  await assertAliveAndReady(pod);
});

test("roots, revocation list and certificates of Secrets and ConfigMaps are all found", {
  skip,
}, async (t) => {
  const [ca, proxies] = [pki.ca("ca"), pki.ca("proxies")];
  const server = pki.issue("server", ca);
  const objects: Objects = {
    "Secret/roots": { keys: `# ours\n${root.publicKey.hex}\n` },
    "ConfigMap/revocation": { "revocation.srl": signList(root, { version: 7 }) },
    "Secret/tls": { "tls.crt": readFileSync(server.cert), "tls.key": readFileSync(server.key) },
    "ConfigMap/proxies-ca": { "ca.crt": readFileSync(proxies.cert) },
  };
  const values = {
    gateway: GATEWAY,
    trustedKeys: { existingSecret: "roots", key: "keys" },
    revocation: { existingConfigMap: "revocation", maxAgeSecs: 3600 },
    tls: { existingSecret: "tls" },
  };
  const { pod, port } = await run(t, () => [values], objects);
  await assertAliveAndReady(pod);
  assert.equal((await verdicts(port, ca.cert))["good"], "allow");
  const [, status] = await pod.probe({ httpGet: { path: "/status", port: "health" } });
  assert.equal(JSON.parse(status).revocation_list.version, 7);

  const mutual = { tls: { clientCa: { existingConfigMap: "proxies-ca" } } };
  const closed = await run(t, () => [values, mutual], objects);
  await assertAliveAndReady(closed.pod);
  await assert.rejects(verdicts(closed.port, ca.cert), "a client without a certificate was let in");
});

test("what an upgrade changes in gateway.yaml comes in force without a restart", { skip }, async (t) => {
  const { pod, port } = await run(t, () => [TRUSTED]);
  const { manifests } = await render(t, { values: [TRUSTED, { gateway: { routes: [] } }] });
  pod.files.swap(ownObjects(manifests)["ConfigMap/tenuo-tenuo-ext-authz-config"] ?? {});
  await waitFor("the reload", () => /"event":"reload"/.test(pod.output()) || undefined);
  assert.equal((await verdicts(port))["good"], "no_route");
});

test("a gateway.yaml that is given as a file is mounted as it stands", { skip }, async (t) => {
  const file = `  # 5.0 stays 5.0\n\nversion: "2"\nsettings: {trusted_roots: ["${root.publicKey.hex}"]}\ntools: {t: {constraints: {y: {from: query, path: y, default: 5.0}}}}\nroutes: [{pattern: /t, tool: t}]\n`;
  const path = pki.write("gateway.yaml", file);
  const { manifests } = await render(t, { args: ["--set-file", `gateway.file=${path}`] });
  assert.equal(gatewayYaml(manifests), file);
});

test("`helm test` passes with a pod that is ready, and fails with one that isn't", { skip }, async (t) => {
  for (const [values, isReady] of [
    [TRUSTED, true],
    [{ gateway: GATEWAY }, false],
  ] as const) {
    const { manifests } = await run(t, () => [values]);
    const { containers } = only(manifests, "Pod").spec as { containers: [{ args: readonly string[] }] };
    const args = containers[0].args.map((arg) => arg.replace("=tenuo-tenuo-ext-authz", "=127.0.0.1"));
    const asked = promisify(execFile)(process.execPath, [MAIN, ...args]);
    if (isReady) assert.equal((await asked).stdout, '{"ready":true}\n');
    else await assert.rejects(asked, { code: 1, stdout: /trusted root/ });
  }
});
