import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { envoyBinary } from "./envoy.ts";
import { asksThroughSocket, atPlaces } from "./envoy-addresses.ts";
import type { KubeApi } from "./kube-api.ts";
import type { Container, Pod, Probe } from "./pod-spec.ts";
import { environmentOf, mountVolumes, type Volumes } from "./pod-volumes.ts";
import { type Program, startProgram } from "./program.ts";
import { python } from "./python.ts";
import { waitFor } from "./wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HOST = "127.0.0.1";

/** A pod of a real API, whose containers run as processes of this machine, with its arguments, variables and files. */
export interface RunningPod {
  /** Where a port of its containers is, on loopback. */
  port(containerPort: number): number;
  program(container: string): Program;
  /** Brings the files that ConfigMaps and Secrets hold by now. */
  sync(): Promise<void>;
  /** Runs what the container is told before it has to end. */
  preStop(container: string): Program;
  /** Of a pod that ends: what its containers print, after the last has ended. @throws {Error} unless all end with `code` */
  end(code?: number): Promise<string>;
  stop(): Promise<void>;
}

export interface PodOptions {
  /** What addresses of the cluster stand for here, as `upstream:8080` → `127.0.0.1:12345`. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** Whether to wait until it is ready; true by default. */
  readonly ready?: boolean;
}

/** The pod that a controller made for what has this label, `namespace/app.kubernetes.io/name=…`. */
export async function podOf(api: KubeApi, namespace: string, label: string): Promise<Pod> {
  return waitFor(`a pod with ${label} in ${namespace}`, async () => {
    const args = ["get", "pods", "--namespace", namespace, "--selector", label, "--output", "json"];
    const { items } = JSON.parse(await api.kubectl(args));
    return items.at(-1);
  });
}

/** Runs its init containers in turn, then the others. */
export async function runPod(api: KubeApi, pod: Pod, options: PodOptions = {}): Promise<RunningPod> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-pod-"));
  const programs = new Map<string, Program>();
  const ports = new Map<number, number>();
  const stop = async (): Promise<void> => {
    await Promise.all([...programs.values()].map((program) => program.stop("SIGKILL")));
    rmSync(folder, { recursive: true, force: true });
  };
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const named = (name: string): Container =>
    all.find((each) => each.name === name) ?? fail(`no container ${name}`);
  const program = (name: string): Program => programs.get(name) ?? fail(`no container ${name} runs`);
  const port = (containerPort: number): number =>
    ports.get(containerPort) ?? fail(`no port ${containerPort}`);
  try {
    const volumes = await mountVolumes(api, pod, folder);
    for (const { ports: its = [], env = [] } of all) {
      // A port that isn't declared may be in a variable, as of an app behind a sidecar.
      const told = env.filter(({ name }) => name === "PORT").map(({ value }) => Number(value));
      for (const each of [...its.map(({ containerPort }) => containerPort), ...told])
        if (!ports.has(each)) ports.set(each, await freePort());
    }
    const node = { api, pod, volumes, ports, folder, addresses: options.addresses ?? {} };
    for (const container of all) {
      const started = await start(node, container);
      programs.set(container.name, started);
      const isInit = pod.spec.initContainers?.includes(container) === true;
      if (isInit && container.restartPolicy !== "Always") await ended(container.name, started, 0);
      else if (container.startupProbe) await answers(container, container.startupProbe, started, port);
    }
    if (options.ready !== false)
      for (const container of all)
        for (const probe of [container.readinessProbe, container.livenessProbe])
          if (probe) await answers(container, probe, program(container.name), port);
    return {
      ...{ port, program, stop },
      sync: volumes.sync,
      preStop: (name) => {
        const [command = "", ...args] = named(name).lifecycle?.preStop?.exec?.command ?? [];
        return startProgram(
          command,
          args.map((arg) => arg.replaceAll("/9901", `/${port(9901)}`)),
        );
      },
      end: async (code = 0) => {
        const outputs = pod.spec.containers.map(async ({ name }) => ended(name, program(name), code));
        return (await Promise.all(outputs)).join("");
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Node {
  readonly api: KubeApi;
  readonly pod: Pod;
  readonly volumes: Volumes;
  readonly ports: Map<number, number>;
  readonly folder: string;
  readonly addresses: Readonly<Record<string, string>>;
}

async function start(node: Node, container: Container): Promise<Program> {
  const variables = await environmentOf(node.api, node.pod, container.env ?? []);
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      name === "PORT" ? String(node.ports.get(Number(value))) : here(node, container, value),
    ]),
  );
  const args = (container.args ?? []).map((arg) => here(node, container, arg));
  const quiet = { HOST, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" };
  const [image] = container.image.split(":");
  if (image === "tenuo-ext-authz")
    return startProgram(process.execPath, [join(root, "src/main.ts"), ...args, ...servedAt(node, args)], env);
  if (image === "envoyproxy/envoy")
    return startProgram(await envoyBinary(), await envoyArguments(node, args), env);
  if (image !== "tenuo-examples") throw new Error(`no program for the image ${container.image}`);
  const [script = "", ...rest] = args;
  const file = globSync(`docs/kubernetes/*/${script}`, { cwd: root })[0] ?? fail(`no ${script}`);
  return startProgram(await python(), [join(root, file), ...rest], { ...quiet, ...env });
}

/** A path of the container as it is here, and an address of the cluster. */
function here({ volumes, addresses }: Node, { volumeMounts = [] }: Container, text: string): string {
  for (const { name, mountPath } of volumeMounts) {
    const at = text.startsWith("--") ? text.indexOf("=") + 1 : 0;
    const path = text.slice(at);
    if (path !== mountPath && !path.startsWith(`${mountPath}/`)) continue;
    return text.slice(0, at) + volumes.folders.get(name) + path.slice(mountPath.length);
  }
  for (const [address, place] of Object.entries(addresses))
    if (text === address || text.startsWith(`${address}/`)) return place + text.slice(address.length);
  return text;
}

/** Ports of this machine in place of those of the pod. */
function servedAt({ ports }: Node, args: readonly string[]): readonly string[] {
  const check = args.some((arg) => arg.startsWith("--socket"))
    ? []
    : ["--bind", HOST, "--port", String(ports.get(9090))];
  return [...check, "--health-bind", HOST, "--health-port", String(ports.get(9091))];
}

async function envoyArguments(node: Node, args: readonly string[]): Promise<readonly string[]> {
  const file = args[args.indexOf("--config-path") + 1] ?? fail("Envoy gets no configuration");
  const text = readFileSync(file, "utf8");
  const placed = (address: string): number =>
    Number((node.addresses[address] ?? fail(`where is ${address}?`)).split(":")[1]);
  const ours = [...node.ports].map(([port, place]) => [place, `0.0.0.0:${port}`, `${HOST}:${port}`] as const);
  const isSidecar = asksThroughSocket(text);
  if (!isSidecar) node.ports.set(9901, await freePort());
  const moved = atPlaces(text, {
    ports: isSidecar
      ? ours.filter(([, address]) => address !== "0.0.0.0:9091")
      : [
          ...ours,
          [node.ports.get(9901) ?? 0, "127.0.0.1:9901"],
          [placed("tenuo-ext-authz:9090"), "tenuo-ext-authz:9090"],
          [placed("upstream:8080"), "upstream:8080"],
        ],
    socket: join(node.volumes.folders.get("socket") ?? "", "authz/authz.sock"),
    folders: {},
  });
  const yaml = join(node.folder, "envoy.yaml");
  writeFileSync(yaml, moved);
  const quick = [
    "--file-flush-interval-msec",
    "50",
    "--log-level",
    "warn",
    "--base-id",
    String(node.ports.get(8080)),
  ];
  return [...args.map((arg) => (arg === file ? yaml : arg)), ...quick];
}

async function ended(name: string, program: Program, code: number): Promise<string> {
  await waitFor(`${basename(name)} to end`, () => (program.ended() ? true : undefined), 60);
  if (program.exitCode() !== code)
    throw new Error(`${name} ended with ${program.exitCode()}: ${program.output()}`);
  return program.output();
}

/** Until the probe succeeds. */
async function answers(
  { name, ports = [] }: Container,
  { httpGet, tcpSocket }: Probe,
  program: Program,
  port: (containerPort: number) => number,
): Promise<void> {
  const wanted = httpGet?.port ?? tcpSocket?.port ?? fail(`a probe of ${name} that isn't known`);
  const declared = ports.find((each) => each.name === wanted || each.containerPort === wanted);
  const place = port(declared?.containerPort ?? fail(`${name} has no port ${wanted}`));
  try {
    await waitFor(
      `a probe of ${name}`,
      async () => {
        if (program.ended()) return "ended";
        const isGood = httpGet
          ? await gets(`${(httpGet.scheme ?? "HTTP").toLowerCase()}://${HOST}:${place}${httpGet.path}`)
          : await opens(place);
        return isGood ? "answers" : undefined;
      },
      30,
    );
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${program.output()}`, { cause: error });
  }
  if (program.ended()) throw new Error(`${name} ended: ${program.output()}`);
}

/** As the kubelet, which looks at no certificate. */
function gets(url: string): Promise<boolean> {
  if (url.startsWith("http:")) return fetch(url).then(({ ok }) => ok);
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", reject)
      .end();
  });
}

function opens(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    }).on("error", reject);
  });
}

function fail(message: string): never {
  throw new Error(message);
}
