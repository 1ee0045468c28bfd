import { execFileSync } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyBinary } from "./envoy.ts";
import { untilReady, variable } from "./foreground.ts";
import { freePort } from "./free-port.ts";
import { missing } from "./missing.ts";
import { type Program, startProgram } from "./program.ts";

/** A real istiod, which takes its resources from a Kubernetes API. */
export interface ControlPlane {
  readonly xdsPort: number;
  /** With another mesh configuration; proxies get it within a second. @param mesh YAML */
  configure(mesh: string): void;
  /** What it has made for a connected proxy, also where that refuses it: a `/config_dump` of Envoy. */
  generated(workload: Workload): Promise<ConfigDump>;
  output(): string;
  stop(): Promise<void>;
}

/** A real Envoy that istiod configures. */
export interface MeshProxy {
  /** Envoy's own configuration of a cluster, once istiod has sent it. */
  cluster(name: string): Promise<EnvoyCluster | undefined>;
  output(): string;
  stop(): Promise<void>;
}

/** As far as tests look at it. */
export interface EnvoyCluster {
  readonly type: string;
}

/** In the JSON of Protocol Buffers, and likewise. */
export interface ConfigDump {
  readonly clusters: readonly {
    readonly name: string;
    /** For all of its endpoints; undefined for plaintext, and where it depends on the endpoint. */
    readonly transportSocket?: object;
  }[];
  readonly listeners: readonly {
    readonly address: { readonly socketAddress?: { readonly portValue: number } };
    readonly filterChains: readonly { readonly transportSocket?: object }[];
  }[];
}

export interface Workload {
  /** A gateway, or the sidecar of an application. */
  readonly type: "router" | "sidecar";
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its own address, that of no other workload's endpoint. */
  readonly ip: string;
}

/**
 * Why there can be no mesh, for the `skip` of what asks one; or false. `ISTIOD` and `ISTIO_PROXY` name programs that
 * run a control plane and a proxy, on loopback and in the foreground.
 *
 * @throws {Error} under `CI=true` instead of a reason.
 */
export async function noMesh(): Promise<string | false> {
  try {
    for (const name of ["ISTIOD", "ISTIO_PROXY"]) variable(name);
    execFileSync("curl", ["--version"], { stdio: "pipe" });
    await envoyBinary();
    return false;
  } catch (error) {
    return missing("what asks Istio (CONTRIBUTING.md tells what it takes)", error);
  }
}

interface RawConfig {
  readonly dynamicActiveClusters?: readonly { readonly cluster: ConfigDump["clusters"][number] }[];
  readonly dynamicListeners?: readonly {
    readonly activeState: { readonly listener: ConfigDump["listeners"][number] };
  }[];
}

/** @param mesh the contents of `meshConfig`, YAML. @param env variables of istiod itself */
export async function startControlPlane(
  kubeconfig: string,
  mesh: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-mesh-"));
  const file = join(folder, "mesh.yaml");
  const configure = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  configure(mesh);
  const [xds, http] = await Promise.all([freePort(), freePort()]);
  const program = startProgram(variable("ISTIOD"), [kubeconfig, file, String(xds)], {
    HTTP_PORT: String(http),
    ...env,
  });
  const stop = async (): Promise<void> => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await untilReady("istiod", program, stop);
  const generated = async ({ name, namespace }: Workload): Promise<ConfigDump> => {
    const proxy = `${name}.${namespace}`;
    const dump = await fetch(`http://127.0.0.1:${http}/debug/config_dump?proxyID=${proxy}`);
    const { configs } = (await dump.json()) as { configs: readonly RawConfig[] };
    return {
      clusters: configs.flatMap(({ dynamicActiveClusters: all = [] }) => all.map(({ cluster }) => cluster)),
      listeners: configs.flatMap(({ dynamicListeners: all = [] }) =>
        all.map(({ activeState }) => activeState.listener),
      ),
    };
  };
  return { xdsPort: xds, configure, generated, output: program.output, stop };
}

export async function startMeshProxy(
  controlPlane: Pick<ControlPlane, "xdsPort">,
  workload: Workload,
): Promise<MeshProxy> {
  const { program, ...proxy } = await launchMeshProxy(controlPlane, workload);
  await untilReady(`the ${workload.type} ${workload.name}`, program, program.stop);
  return proxy;
}

/** Doesn't wait until it is configured, as it never is where it needs a certificate. */
export async function launchMeshProxy(
  { xdsPort }: Pick<ControlPlane, "xdsPort">,
  { type, name, namespace, labels, ip }: Workload,
): Promise<MeshProxy & { readonly program: Program }> {
  const admin = await freePort();
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  const program = startProgram(variable("ISTIO_PROXY"), [type, `${name}.${namespace}`, ...pairs], {
    PROXY_IP: ip,
    ADMIN_PORT: String(admin),
    XDS_PORT: String(xdsPort),
    ENVOY: await envoyBinary(),
  });
  const cluster = async (wanted: string): Promise<EnvoyCluster | undefined> => {
    const dump = await fetch(`http://127.0.0.1:${admin}/config_dump?resource=dynamic_active_clusters`);
    const { configs } = (await dump.json()) as { configs: { cluster: EnvoyCluster & { name: string } }[] };
    return configs.find((each) => each.cluster.name === wanted)?.cluster;
  };
  return { program, cluster, output: program.output, stop: program.stop };
}
