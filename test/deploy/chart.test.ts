import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import { compileConfig } from "../../src/server/state/config-file.ts";
import { CHART, gatewayYaml, render, type Values, valuesArgs } from "../support/chart.ts";
import { type PodTemplate, podTemplate } from "../support/chart-pod.ts";
import { exampleGatewayYaml } from "../support/envoy-yaml.ts";
import { blocksIn } from "../support/fenced-blocks.ts";
import { type KubeApi, noKubeApi, startKubeApi } from "../support/kube-api.ts";
import { MAIN } from "../support/replica.ts";
import { waitFor } from "../support/wait.ts";
import { GATEWAY, KEY, MATRIX, REFERENCE_VALUES } from "./chart-matrix.ts";

const skip = noKubeApi();
/** Where only restricted pods may run, as the chart's are. */
const NAMESPACE = "tenuo-system";
const IN_NAMESPACE = ["--namespace", NAMESPACE];
/** What is made of the release `authz`. */
const NAME = "authz-tenuo-ext-authz";
let api: KubeApi;

before(async () => {
  if (skip) return;
  api = await startKubeApi(["prometheus-operator"]);
  await api.kubectl(["create", "namespace", NAMESPACE]);
  await api.kubectl(["label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted"]);
  // Made a moment later; a pod without it is refused.
  await api.kubectl(["wait", ...IN_NAMESPACE, "--for=create", "--timeout=30s", "serviceaccount/default"]);
});
after(() => api?.stop());

test("helm finds nothing to complain about in the chart", { skip }, async () => {
  await api.helm(["lint", "--strict", CHART]);
  await api.helm(["lint", "--strict", CHART, "--values", REFERENCE_VALUES]);
});

for (const [name, values] of Object.entries(MATRIX)) {
  test(`Kubernetes and the service take what is made of ${name}`, { skip }, async (t) => {
    const { text, manifests } = await render(t, { values: [values] });
    const dryRun = [...IN_NAMESPACE, "--dry-run=server", "--validate=strict", "--filename=-"];
    await api.kubectl(["apply", ...dryRun], text);
    await api.kubectl(["create", ...dryRun], JSON.stringify(asPod(podTemplate(manifests))));
    const loaded = compileConfig(gatewayYaml(manifests), "gateway.yaml");
    assert.deepEqual(loaded.ok || loaded.errors, true);
  });
}

test("what the README says to type works, and so does each of its values", { skip }, async (t) => {
  const page = readFileSync(join(CHART, "README.md"), "utf8");
  const [first = "", ...blocks] = blocksIn(page, "yaml");
  for (const block of blocks) {
    const { text } = await render(t, { values: [{ ...parse(first), ...parse(block) }] });
    await api.kubectl(
      ["apply", ...IN_NAMESPACE, "--dry-run=server", "--validate=strict", "--filename=-"],
      text,
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "tenuo-readme-"));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(dirname(CHART), join(folder, "charts"));
  writeFileSync(join(folder, "values.yaml"), first);
  writeFileSync(join(folder, "gateway.yaml"), exampleGatewayYaml);
  copyFileSync(REFERENCE_VALUES, join(folder, "old-values.yaml"));
  const program = `tenuo-ext-authz() { "${process.execPath}" "${MAIN}" "$@"; }\n`;
  const env = { ...process.env, KUBECONFIG: api.kubeconfig, HELM_CACHE_HOME: folder };
  const remove = ["uninstall", "tenuo-ext-authz", ...IN_NAMESPACE, "--ignore-not-found"];
  for (const block of blocksIn(page, "sh")) {
    if (block.includes("helm install")) await api.helm(remove);
    // No pod runs here that could be waited for or tested.
    const commands = program + block.replaceAll(/^(helm test|kubectl rollout status) .*\n/gm, "");
    await promisify(execFile)("bash", ["-e", "-c", commands], { cwd: folder, env });
  }
  assert.match(await config("tenuo-ext-authz"), /\/v1\/orders/);
  await api.helm(remove);
});

test("a release is installed, changed, taken back and removed, and nothing of it is left", {
  skip,
}, async (t) => {
  const everything = MATRIX["every value at once"] as Values;
  const helm = (command: string, values: readonly Values[] = [], ...args: readonly string[]) =>
    api.helm([command, "authz", ...args, ...IN_NAMESPACE, ...valuesArgs(t, ...values)]);
  const notes = await helm("install", [{ gateway: GATEWAY }], CHART);
  assert.match(notes, /NOT READY until there is a trusted root/);
  assert.match(notes, /authz-tenuo-ext-authz\.tenuo-system\.svc\.cluster\.local:9090/);
  await waitFor(
    "pods that were let in",
    async () => (await ownObjects()).filter(isPod).length === 2 || undefined,
  );
  const first = await deployment();

  const root = { config: { trustedRoots: [KEY] } };
  assert.doesNotMatch(
    await helm("upgrade", [{ gateway: GATEWAY }, root], CHART),
    /NOT READY|get warrant and proof/,
  );
  assert.match(await config(NAME), new RegExp(KEY));
  assert.equal((await deployment()).generation, first.generation, "a new gateway.yaml restarted the pods");

  const open = { file: "version: '2'\nsettings: { mode: audit, debug_mode: true }" };
  const opened = await helm("upgrade", [{ gateway: open }], "--dry-run=server", CHART);
  for (const hint of [/Mode audit/, /debugMode tells/, /get warrant and proof/]) assert.match(opened, hint);

  await helm("upgrade", [everything], CHART);
  assert.match(await config(NAME), /mode: audit/);
  assert.ok((await deployment()).generation > first.generation);
  const objects = await ownObjects();
  for (const kind of ["networkpolicy", "horizontalpodautoscaler", "poddisruptionbudget", "servicemonitor"])
    assert.ok(
      objects.some((object) => object.startsWith(kind)),
      kind,
    );

  await helm("rollback", [], "1");
  assert.doesNotMatch(await config(NAME), new RegExp(KEY));
  await helm("uninstall");
  await waitFor("the end of all objects", async () => (await ownObjects()).length === 0 || undefined);
});

/** A Deployment whose pods may not run is only warned of, so a pod of it is asked about. */
function asPod({ metadata: { labels }, spec }: PodTemplate): object {
  const metadata = { name: "of-the-deployment", labels };
  // Its own account is missing in a dry run.
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { ...spec, serviceAccountName: "default" } };
}

/** Everything with the labels of the release, as `kind/name`. */
async function ownObjects(): Promise<readonly string[]> {
  const kinds = await api.kubectl(["api-resources", "--namespaced", "--verbs=list", "--output=name"]);
  const types = kinds.trim().split("\n").join(",");
  const selector = ["--selector", "app.kubernetes.io/instance=authz", "--output=name"];
  const names = await api.kubectl(["get", types, ...IN_NAMESPACE, ...selector]);
  return names.split("\n").filter((name) => name !== "");
}

function isPod(name: string): boolean {
  return name.startsWith("pod/");
}

async function deployment(): Promise<{ readonly generation: number }> {
  const text = await api.kubectl(["get", "deployment", NAME, ...IN_NAMESPACE, "--output=json"]);
  return JSON.parse(text).metadata;
}

function config(name: string): Promise<string> {
  return api.kubectl(["get", "configmap", `${name}-config`, ...IN_NAMESPACE, "--output=yaml"]);
}
