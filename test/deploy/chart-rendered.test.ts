import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { gatewayYaml, type Manifest, noHelm, only, render, type Values } from "../support/chart.ts";
import { podTemplate } from "../support/chart-pod.ts";
import { MATRIX } from "./chart-matrix.ts";

const skip = noHelm();
type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels: Labels;
}
interface Port {
  readonly name: string;
  readonly port: number;
  readonly targetPort: string;
}

for (const name of ["every value at once", "names as long as can be", "all monitoring"]) {
  test(`what selects pods finds those of the Deployment and no others, with ${name}`, { skip }, async (t) => {
    const { manifests } = await render(t, { values: [MATRIX[name] as Values] });
    const { labels } = podTemplate(manifests).metadata;
    const testPod = labelsOf(only(manifests, "Pod"));
    const selectors = [
      specOf<{ selector: Selector }>(only(manifests, "Deployment")).selector.matchLabels,
      specOf<{ selector: Labels }>(only(manifests, "Service")).selector,
      ...found(manifests, "PodDisruptionBudget").map(
        (each) => specOf<{ selector: Selector }>(each).selector.matchLabels,
      ),
      ...found(manifests, "NetworkPolicy").map(
        (each) => specOf<{ podSelector: Selector }>(each).podSelector.matchLabels,
      ),
    ];
    for (const selector of selectors) {
      assert.ok(selects(selector, labels), JSON.stringify(selector));
      assert.ok(!selects(selector, testPod), "the pod of `helm test` is taken for one that answers");
    }
  });
}

test("the pod of `helm test` ends in a mesh too, as it gets no sidecar", { skip }, async (t) => {
  const { manifests } = await render(t);
  assert.equal(labelsOf(only(manifests, "Pod"))["sidecar.istio.io/inject"], "false");
});

test("text stays text, whatever it looks like", { skip }, async (t) => {
  const sly = 'X"\nmode: audit\n#{{ fail "evaluated" }}';
  const values = {
    nameOverride: "123",
    image: { tag: '1"\n          command: [sh]' },
    config: { warrantHeader: sly, bodyMediaTypes: [sly], trustedRoots: ["0".repeat(64)] },
    gateway: { version: "2", tools: { [sly]: {} } },
    podLabels: { app: sly, more: "yes" },
    podAnnotations: { a: sly },
  };
  const { manifests } = await render(t, { values: [values] });
  const { settings, tools } = parse(gatewayYaml(manifests));
  assert.deepEqual(
    [settings.warrant_header, settings.body_media_types, settings.mode, Object.keys(tools)],
    [sly, [sly], "enforce", [sly]],
  );
  assert.deepEqual(settings.trusted_roots, values.config.trustedRoots);
  const { metadata, spec } = podTemplate(manifests);
  assert.deepEqual(
    [metadata.labels["app.kubernetes.io/name"], metadata.labels["app"], metadata.labels["more"]],
    ["123", sly, "yes"],
  );
  assert.ok(!("command" in spec.containers[0]));
});

test("Prometheus finds the port of the metrics", { skip }, async (t) => {
  const { manifests } = await render(t, { values: [MATRIX["all monitoring"] as Values] });
  const service = only(manifests, "Service");
  const monitor = specOf<{ selector: Selector; endpoints: [{ port: string }] }>(
    only(manifests, "ServiceMonitor"),
  );
  assert.ok(selects(monitor.selector.matchLabels, labelsOf(service)));
  const port = specOf<{ ports: readonly Port[] }>(service).ports.find(
    ({ name }) => name === monitor.endpoints[0].port,
  );
  const [container] = podTemplate(manifests).spec.containers;
  assert.equal(container.ports.find(({ name }) => name === port?.targetPort)?.containerPort, 9091);
});

test("the Service is headless, so that a proxy sees each pod", { skip }, async (t) => {
  const { manifests } = await render(t);
  assert.equal(specOf<{ clusterIP: string }>(only(manifests, "Service")).clusterIP, "None");
});

test("a single pod has no budget that would keep its node from being drained", { skip }, async (t) => {
  const { manifests } = await render(t, { values: [MATRIX["one pod"] as Values] });
  assert.equal(found(manifests, "PodDisruptionBudget").length, 0);
});

test("a budget in values of Tenuo's own chart beats ours", { skip }, async (t) => {
  const values = { podDisruptionBudget: { minAvailable: 1 } };
  const { manifests } = await render(t, { values: [values] });
  const { selector, ...terms } = specOf<{ selector: Selector }>(only(manifests, "PodDisruptionBudget"));
  assert.deepEqual(terms, { minAvailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
});

test("pods restart for a new gateway.yaml only where that is asked for", { skip }, async (t) => {
  const templateFor = async (rollOnConfigChange: boolean, warrantHeader: string) => {
    const { manifests } = await render(t, { values: [{ rollOnConfigChange, config: { warrantHeader } }] });
    return JSON.stringify(podTemplate(manifests));
  };
  assert.equal(await templateFor(false, "A"), await templateFor(false, "B"));
  assert.notEqual(await templateFor(true, "A"), await templateFor(true, "B"));
});

test("Helm changes some values on the way, as the README says", { skip }, async (t) => {
  const values = fileURLToPath(new URL("changed-values.yaml", import.meta.url));
  const { manifests } = await render(t, { values: [values] });
  const { t: tool } = parse(gatewayYaml(manifests)).tools;
  assert.deepEqual(Object.keys(tool.constraints).sort(), ["big", "octal", "real", "true"]);
  const defaults = Object.entries<{ default: unknown }>(tool.constraints).map(([name, rule]) => [
    name,
    rule.default,
  ]);
  assert.deepEqual(Object.fromEntries(defaults), { big: 9007199254740992, octal: 10, real: 5, true: true });
  assert.doesNotMatch(gatewayYaml(manifests), /5\.0/);
});

function found(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter((each) => each.kind === kind);
}

function specOf<Spec>({ spec }: Manifest): Spec {
  return spec as Spec;
}

function labelsOf({ metadata }: Manifest): Labels {
  return metadata.labels ?? {};
}

function selects(selector: Labels, labels: Labels): boolean {
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([name, value]) => labels[name] === value);
}
