import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { envoyBinary } from "./envoy.ts";
import { asksThroughSocket, atPlaces } from "./envoy-addresses.ts";
import { freePort } from "./free-port.ts";
import type { KubeApi } from "./kube-api.ts";
import type { Container, Pod } from "./pod-spec.ts";
import { environmentOf, type Volumes } from "./pod-volumes.ts";
import { type Program, startProgram } from "./program.ts";
import { python } from "./python.ts";
import { MAIN } from "./replica.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const HOST = "127.0.0.1";

/** Where a pod runs, and what it has here in place of what it has in a cluster. */
export interface Node {
  readonly api: KubeApi;
  readonly pod: Pod;
  readonly volumes: Volumes;
  /** By the port in the pod; Envoy's admin joins them. */
  readonly ports: Map<number, number>;
  readonly folder: string;
  readonly addresses: Readonly<Record<string, string>>;
}

/** The program of a container's image, with its arguments and variables. */
export async function startContainer(node: Node, container: Container): Promise<Program> {
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
    return startProgram(process.execPath, [MAIN, ...args, ...servedAt(node, args)], env);
  if (image === "envoyproxy/envoy")
    return startProgram(await envoyBinary(), await envoyArguments(node, args), env);
  if (image !== "tenuo-examples") throw new Error(`no program for the image ${container.image}`);
  const [script = "", ...rest] = args;
  const file = globSync(`docs/kubernetes/*/${script}`, { cwd: root })[0] ?? assert.fail(`no ${script}`);
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
  const file = args[args.indexOf("--config-path") + 1] ?? assert.fail("Envoy gets no configuration");
  const text = readFileSync(file, "utf8");
  const placed = (address: string): number =>
    Number((node.addresses[address] ?? assert.fail(`where is ${address}?`)).split(":")[1]);
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
