import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { type AccessLogEntry, entriesIn } from "./access-log.ts";
import { freePort } from "./free-port.ts";
import { type KubeApi, startKubeApi } from "./kube-api.ts";
import { type ControlPlane, type MeshProxy, startControlPlane, startMeshProxy } from "./mesh.ts";
import { GATEWAY, host, SIDECAR, testbed } from "./mesh-testbed.ts";
import { createReplica, type Replica } from "./replica.ts";
import type { Address } from "./stack.ts";
import { startUpstream } from "./upstream.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a test changes in istio/mesh.yaml. */
export interface MeshChange {
  /** Of the providers that ask the authorizer. */
  readonly failOpen?: boolean;
  readonly normalization?: "BASE";
}

/**
 * Istio with istio/authorizer.yaml and istio/mesh.yaml: a Kubernetes API that has them, istiod, a gateway and a
 * sidecar, the authorizer, and behind both proxies an application.
 */
export interface MeshStack {
  readonly api: KubeApi;
  readonly controlPlane: ControlPlane;
  readonly gateway: Address;
  readonly sidecar: Address;
  /** Another port of the sidecar, declared as TCP, before the same application. */
  readonly tcp: Address;
  /** Of the sidecar. */
  readonly sidecarCluster: MeshProxy["cluster"];
  /** Changes what is shipped, or changes it back; proxies get it within a second. */
  configure(change?: MeshChange): void;
  /** Has a second control plane, with these variables, take the gateway over for a while. @returns what it printed */
  withControlPlane(env: NodeJS.ProcessEnv, work: () => Promise<void>): Promise<string>;
  readonly authorizer: Replica;
  accessLog(): readonly AccessLogEntry[];
  /** Of istiod and its proxies. */
  outputs(): string;
  stop(): Promise<void>;
}

/** A file of istio/, as it is shipped. */
export function shipped(name: string): string {
  return readFileSync(join(root, "istio", name), "utf8");
}

/** As a user would, with unknown and doubled fields refused. */
export function apply(api: KubeApi, resources: string, ...args: readonly string[]): Promise<string> {
  return api.kubectl(["apply", "--validate=strict", "--filename=-", ...args], resources);
}

/** Those of them that are there. */
export async function deletePolicies(
  api: KubeApi,
  namespace: string,
  ...names: readonly string[]
): Promise<void> {
  const which = ["authorizationpolicy", ...names, `--namespace=${namespace}`, "--ignore-not-found"];
  await api.kubectl(["delete", ...which]);
}

/** @param trustedKeys hex */
export async function startMeshStack(trustedKeys: readonly string[]): Promise<MeshStack> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-mesh-"));
  const configFile = join(folder, "gateway.yaml");
  const accessLogFile = join(folder, "access.log");
  writeFileSync(configFile, shipped("gateway.yaml"));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true })];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  const ports = await freePorts("gateway", "sidecar", "tcp");
  const authorizer = await createReplica(configFile, { trustedKeys });
  stops.push(authorizer.kill);
  try {
    const upstream = await startUpstream(host);
    stops.push(upstream.stop);
    const api = await startKubeApi(["istio"]);
    stops.push(api.stop);
    await authorizer.start();
    const { checkPort: check, healthPort: health } = authorizer;
    await install(api, testbed({ ...ports, check, health, upstream: upstream.port }));

    const mesh = (change?: MeshChange): string => stringify(meshConfiguration(accessLogFile, change));
    const controlPlane = await startControlPlane(api.kubeconfig, mesh());
    stops.push(controlPlane.stop);
    const sidecar = await startMeshProxy(controlPlane, SIDECAR);
    stops.push(sidecar.stop);
    let gateway = await startMeshProxy(controlPlane, GATEWAY);
    stops.push(() => gateway.stop());

    const withControlPlane = async (env: NodeJS.ProcessEnv, work: () => Promise<void>): Promise<string> => {
      const second = await startControlPlane(api.kubeconfig, mesh(), env);
      try {
        await gateway.stop();
        gateway = await startMeshProxy(second, GATEWAY);
        await work();
        return second.output();
      } finally {
        await gateway.stop();
        gateway = await startMeshProxy(controlPlane, GATEWAY);
        await second.stop();
      }
    };
    return {
      api,
      controlPlane,
      gateway: { host, port: ports.gateway },
      sidecar: { host: SIDECAR.ip, port: ports.sidecar },
      tcp: { host: SIDECAR.ip, port: ports.tcp },
      sidecarCluster: sidecar.cluster,
      configure: (change) => controlPlane.configure(mesh(change)),
      withControlPlane,
      authorizer,
      accessLog: () => (existsSync(accessLogFile) ? entriesIn(readFileSync(accessLogFile, "utf8")) : []),
      outputs: () =>
        `--- istiod\n${controlPlane.output()}\n--- gateway\n${gateway.output()}\n--- sidecar\n${sidecar.output()}`,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The authorizer's resources, but for the client's side of mutual TLS: no agent hands out certificates here. */
async function install(api: KubeApi, resources: readonly object[]): Promise<void> {
  for (const namespace of ["istio-system", "tenuo-system", "agents"])
    await api.kubectl(["create", "namespace", namespace]);
  await apply(api, JSON.stringify({ apiVersion: "v1", kind: "List", items: resources }));
  await apply(api, shipped("authorizer.yaml"));
  const rule = ["destinationrule", "tenuo-ext-authz-mesh", "--namespace=tenuo-system"];
  const withoutTls = '--patch=[{"op": "remove", "path": "/spec/trafficPolicy/tls"}]';
  await api.kubectl(["patch", ...rule, "--type=json", withoutTls]);
}

/** That of istio/mesh.yaml, and what a stock Envoy without an agent needs: no mutual TLS, no filter for metrics. */
function meshConfiguration(
  accessLogFile: string,
  { failOpen, normalization: other }: MeshChange = {},
): object {
  const { extensionProviders, pathNormalization, ...mesh } = parse(shipped("mesh.yaml")).meshConfig;
  const providers = extensionProviders.map((provider: Readonly<Record<string, object>>) => {
    const { envoyExtAuthzGrpc: check, envoyFileAccessLog: log } = provider;
    if (check) return { ...provider, envoyExtAuthzGrpc: { ...check, ...(failOpen && { failOpen }) } };
    // The standard output of a child process is a socket here, which can't be opened by name.
    return { ...provider, envoyFileAccessLog: { ...log, path: accessLogFile } };
  });
  const normalization = other ?? pathNormalization.normalization;
  const withoutAgent = { enableAutoMtls: false, defaultProviders: {} };
  return { ...mesh, pathNormalization: { normalization }, extensionProviders: providers, ...withoutAgent };
}

async function freePorts<Name extends string>(...names: readonly Name[]): Promise<Record<Name, number>> {
  const ports = await Promise.all(names.map(async (name) => [name, await freePort()] as const));
  return Object.fromEntries(ports) as Record<Name, number>;
}
