import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Manifest, only } from "./chart.ts";
import { type ConfigMap, type Files, mountConfigMap } from "./config-map.ts";
import type { Container, Source, Volume } from "./pod-spec.ts";
import { chosen } from "./pod-volumes.ts";
import { type Program, startProgram } from "./program.ts";
import { MAIN } from "./replica.ts";

const FOLDER = "/etc/tenuo";

/** What the chart makes of pods. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly [ChartContainer]; readonly volumes: readonly Volume[] };
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
}

interface ChartContainer extends Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

/** Contents of ConfigMaps and Secrets by `kind/name`. */
export type Objects = Readonly<Record<string, Files>>;

export function podTemplate(manifests: readonly Manifest[]): PodTemplate {
  return (only(manifests, "Deployment").spec as { readonly template: PodTemplate }).template;
}

/** The service as a kubelet starts it from manifests, but for loopback and a folder in place of /etc/tenuo. */
export interface ChartPod extends Program {
  /** Asks a probe as a kubelet does. @returns status and body */
  readonly probe: (probe: Probe) => Promise<readonly [status: number, body: string]>;
  readonly container: ChartContainer;
  readonly files: ConfigMap;
}

/** @param objects what the volume refers to, beside the chart's own ConfigMap. Its end is that of the test. */
export function startPod(t: TestContext, manifests: readonly Manifest[], objects: Objects = {}): ChartPod {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-pod-"));
  const { containers, volumes } = podTemplate(manifests).spec;
  const [container] = containers;
  const files = mountConfigMap(folder, filesOf(volumes, { ...objects, ...ownObjects(manifests) }));
  const args = container.args.map((arg) => arg.replace(FOLDER, folder));
  const env = Object.fromEntries((container.env ?? []).map(({ name, value = "" }) => [name, value]));
  const program = startProgram(process.execPath, [MAIN, ...args, "--bind=127.0.0.1"], env);
  t.after(async () => {
    await program.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  const probe = async ({ httpGet: { path, port } }: Probe) => {
    const response = await fetch(`http://127.0.0.1:${portNumber(container, port)}${path}`);
    return [response.status, await response.text()] as const;
  };
  return { ...program, probe, container, files };
}

/** The chart's own ConfigMap. */
export function ownObjects(manifests: readonly Manifest[]): Objects {
  const { metadata, data = {} } = only(manifests, "ConfigMap", /-config$/);
  return { [`ConfigMap/${metadata.name}`]: data };
}

/** Of the one projected volume; a key that isn't there is an error, as it is for a kubelet. */
function filesOf(volumes: readonly Volume[], objects: Objects): Files {
  const sources = volumes.find(({ name }) => name === "config")?.projected?.sources ?? [];
  const files = ({ configMap, secret }: Source): Files => {
    const name = secret ? `Secret/${secret.name}` : `ConfigMap/${configMap?.name}`;
    const data = objects[name];
    if (data === undefined) throw new Error(`no ${name}`);
    return chosen({ ...configMap, ...secret }, data);
  };
  return Object.assign({}, ...sources.map(files));
}

function portNumber({ ports }: ChartContainer, port: string | number): number {
  if (typeof port === "number") return port;
  const found = ports.find(({ name }) => name === port);
  if (found === undefined) throw new Error(`the container has no port named ${port}`);
  return found.containerPort;
}
