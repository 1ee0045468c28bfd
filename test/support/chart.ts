import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { type ConfigMap, type Files, mountConfigMap } from "./config-map.ts";
import { missing } from "./missing.ts";
import { type Program, startProgram } from "./program.ts";

export const CHART = fileURLToPath(new URL("../../charts/tenuo-ext-authz", import.meta.url));
/** The program, as Node runs it. */
export const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const FOLDER = "/etc/tenuo";
/** The oldest that Chart.yaml allows. */
const KUBE_VERSION = "1.27.0";

/** Values as a values file has them, or the path of one. */
export type Values = Readonly<Record<string, unknown>> | string;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string | number };
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly Volume[];
}

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Volume {
  readonly name: string;
  readonly projected?: { readonly sources: readonly Source[] };
}

interface Projection {
  readonly name: string;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}
type Source = { readonly configMap: Projection } | { readonly secret: Projection };

/** Contents of ConfigMaps and Secrets by `kind/name`. */
export type Objects = Readonly<Record<string, Files>>;

/** Arguments of helm for these values. The files are gone after the test. */
export function valuesArgs(t: TestContext, ...values: readonly Values[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-values-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return values.flatMap((each, i) => {
    if (typeof each === "string") return ["--values", each];
    const file = join(folder, `${i}.json`);
    writeFileSync(file, JSON.stringify(each));
    return ["--values", file];
  });
}

export interface RenderOptions {
  readonly values?: readonly Values[];
  /** Further ones of helm. */
  readonly args?: readonly string[];
}

/** For the `skip` of what only asks helm. @throws {Error} under `CI=true` instead */
export function noHelm(): string | false {
  try {
    execFileSync("helm", ["version"], { stdio: "pipe" });
    return false;
  } catch (error) {
    return missing("what asks helm", error);
  }
}

/** What the chart makes of values. @throws {Error} with what helm printed, when it refuses them. */
export async function render(t: TestContext, { values = [], args = [] }: RenderOptions = {}) {
  const command = ["template", "tenuo", CHART, "--kube-version", KUBE_VERSION, ...valuesArgs(t, ...values)];
  const { stdout: text } = await promisify(execFile)("helm", [...command, ...args], { maxBuffer: 2 ** 24 });
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
  return { text, manifests: manifests.filter((manifest) => manifest !== null) };
}

/** @throws {Error} unless there is exactly one of this kind, and of this name if one is given. */
export function only(manifests: readonly Manifest[], kind: string, name?: RegExp): Manifest {
  const found = manifests.filter((each) => each.kind === kind && (name?.test(each.metadata.name) ?? true));
  const [one] = found;
  if (one === undefined || found.length > 1) throw new Error(`${found.length} manifests of kind ${kind}`);
  return one;
}

export function podTemplate(manifests: readonly Manifest[]): PodTemplate {
  return (only(manifests, "Deployment").spec as { readonly template: PodTemplate }).template;
}

export function gatewayYaml(manifests: readonly Manifest[]): string {
  return only(manifests, "ConfigMap", /-config$/).data?.["gateway.yaml"] ?? "";
}

/** The service as a kubelet starts it from manifests, but for loopback and a folder in place of /etc/tenuo. */
export interface Pod extends Program {
  /** Asks a probe as a kubelet does. @returns status and body */
  readonly probe: (probe: Probe) => Promise<readonly [status: number, body: string]>;
  readonly container: Container;
  /** The folder that stands for /etc/tenuo. */
  readonly folder: string;
  readonly files: ConfigMap;
}

/** @param objects what the volume refers to, beside the chart's own ConfigMap. Its end is that of the test. */
export function startPod(t: TestContext, manifests: readonly Manifest[], objects: Objects = {}): Pod {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-pod-"));
  const { containers, volumes } = podTemplate(manifests).spec;
  const [container] = containers;
  const files = mountConfigMap(folder, filesOf(volumes, withOwn(manifests, objects)));
  const args = container.args.map((arg) => arg.replace(FOLDER, folder));
  const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
  const program = startProgram(process.execPath, [MAIN, ...args, "--bind=127.0.0.1"], env);
  t.after(async () => {
    await program.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  const probe = async ({ httpGet: { path, port } }: Probe) => {
    const response = await fetch(`http://127.0.0.1:${portNumber(container, port)}${path}`);
    return [response.status, await response.text()] as const;
  };
  return { ...program, probe, container, folder, files };
}

/** Of the one projected volume; a key that isn't there is an error, as it is for a kubelet. */
export function filesOf(volumes: readonly Volume[], objects: Objects): Files {
  const sources = volumes.find(({ name }) => name === "config")?.projected?.sources ?? [];
  const entries = sources.flatMap((source) => {
    const [kind, { name, items }] =
      "secret" in source ? (["Secret", source.secret] as const) : (["ConfigMap", source.configMap] as const);
    const data = objects[`${kind}/${name}`];
    if (data === undefined) throw new Error(`no ${kind} ${name}`);
    const keys = items ?? Object.keys(data).map((key) => ({ key, path: key }));
    return keys.map(({ key, path }) => {
      const content = data[key];
      if (content === undefined) throw new Error(`no ${key} in ${kind} ${name}`);
      return [path, content] as const;
    });
  });
  return Object.fromEntries(entries);
}

export function withOwn(manifests: readonly Manifest[], objects: Objects): Objects {
  const own = only(manifests, "ConfigMap", /-config$/);
  return { ...objects, [`ConfigMap/${own.metadata.name}`]: own.data ?? {} };
}

function portNumber({ ports }: Container, port: string | number): number {
  if (typeof port === "number") return port;
  const found = ports.find(({ name }) => name === port);
  if (found === undefined) throw new Error(`the container has no port named ${port}`);
  return found.containerPort;
}
