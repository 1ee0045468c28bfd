import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyBinary } from "./envoy.ts";
import { asksThroughSocket, atPlaces } from "./envoy-addresses.ts";
import { exampleEnvoyYaml, exampleGatewayYaml, withReplicas } from "./envoy-yaml.ts";
import { freePort } from "./free-port.ts";
import { type Program, startProgram } from "./program.ts";
import { reloadsIn } from "./reloads.ts";
import { answers, createReplica, type Replica } from "./replica.ts";
import type { Stack, StackSettings } from "./stack.ts";
import { startUpstream } from "./upstream.ts";
import { waitFor } from "./wait.ts";

const host = "127.0.0.1";

export interface LocalSettings extends StackSettings {
  /** Processes of the service behind one Envoy; 1 by default. */
  readonly replicas?: number;
  /** Threads of Envoy; 2 by default. */
  readonly workers?: number;
  /** Ports of loopback for further addresses of Envoy's configuration, as `{"ratelimit:8081": port}`. */
  readonly addresses?: Readonly<Record<string, number>>;
  /** Folders of this machine for those that Envoy's configuration names, as `/etc/envoy/tls`. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Further variables of the service. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface LocalStack extends Stack {
  /** Resident memory of the service, in bytes. */
  serviceMemory(): number;
  /** Where the service answers checks. */
  readonly checkPort: number;
  /** Where it does if Envoy's configuration asks through a Unix socket. */
  readonly socket: string;
  /** Where Envoy tells its state. */
  readonly adminPort: number;
  /** All processes of the service; the others of this interface speak of the first. */
  readonly replicas: readonly Replica[];
  /** The gateway.yaml that all replicas read. */
  readonly gatewayYaml: string;
}

/** The stack as processes of this machine, on free ports of the loopback interface. */
export async function startLocal(settings: LocalSettings): Promise<LocalStack> {
  const envoy = await envoyBinary();
  const folder = mkdtempSync(join(tmpdir(), "tenuo-e2e-"));
  const upstream = await startUpstream(host);
  const [gateway, admin] = await Promise.all([freePort(), freePort()]);
  const gatewayYaml = join(folder, "gateway.yaml");
  const envoyYaml = join(folder, "envoy.yaml");
  const socket = join(folder, "authz.sock");
  const envoyText = withReplicas(settings.envoyYaml ?? exampleEnvoyYaml, settings.replicas ?? 1);
  const usesSocket = asksThroughSocket(envoyText);
  const create = () => createReplica(gatewayYaml, { ...settings, ...(usesSocket && { socket }) });
  const first = await create();
  const others = Array.from({ length: (settings.replicas ?? 1) - 1 }, create);
  const replicas = [first, ...(await Promise.all(others))];
  const places = {
    ports: [
      [gateway, "0.0.0.0:8080"],
      // A sidecar has none.
      ...(/^admin:/m.test(envoyText) ? ([[admin, "127.0.0.1:9901"]] as const) : []),
      [upstream.port, "upstream:8080", "127.0.0.1:3000"],
      ...(usesSocket ? [] : replicas).map(({ checkPort }, i) =>
        i === 0
          ? ([checkPort, "tenuo-ext-authz:9090", "127.0.0.1:9090"] as const)
          : ([checkPort, `tenuo-ext-authz-${i + 1}:9090`] as const),
      ),
      ...Object.entries(settings.addresses ?? {}).map(([address, port]) => [port, address] as const),
    ],
    socket,
    folders: settings.folders ?? {},
  } as const;

  let proxy: Program | undefined;
  const startEnvoy = async (): Promise<void> => {
    const workers = ["--concurrency", String(settings.workers ?? 2)];
    const quick = ["--file-flush-interval-msec", "50", "--log-level", "warn"];
    const apart = ["--disable-hot-restart", "--base-id", String(gateway)];
    proxy = startProgram(envoy, ["--config-path", envoyYaml, ...workers, ...quick, ...apart]);
    await answers("Envoy", proxy, `http://${host}:${gateway}/`, (status) => status !== 503);
  };
  const stop = async (): Promise<void> => {
    // Killed, since nobody waits for the connections it would drain.
    await Promise.all([proxy?.stop("SIGKILL"), ...replicas.map(({ kill }) => kill()), upstream.stop()]);
    rmSync(folder, { recursive: true });
  };
  try {
    writeFileSync(gatewayYaml, settings.gatewayYaml ?? exampleGatewayYaml);
    writeFileSync(envoyYaml, atPlaces(envoyText, places));
    await Promise.all(replicas.map(({ start }) => start()));
    await startEnvoy();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    driver: "local",
    gateway: () => ({ host, port: gateway }),
    health: () => ({ host, port: first.healthPort }),
    upstreamCount: async () => Number(await (await fetch(`http://${host}:${upstream.countPort}/`)).text()),
    envoyOutput: () => proxy?.output() ?? "",
    serviceOutput: first.output,
    killService: first.kill,
    freezeService: async () => first.signal("SIGSTOP"),
    thawService: async () => first.signal("SIGCONT"),
    startService: first.start,
    reloadService: async (text) => {
      const before = reloadsIn(first.output());
      writeFileSync(`${gatewayYaml}.new`, text);
      renameSync(`${gatewayYaml}.new`, gatewayYaml);
      first.signal("SIGHUP");
      await waitFor("a reload", () => reloadsIn(first.output()) > before || undefined);
    },
    killEnvoy: async () => proxy?.stop("SIGKILL"),
    startEnvoy,
    checkPort: first.checkPort,
    socket,
    adminPort: admin,
    serviceMemory: first.memory,
    replicas,
    gatewayYaml,
    stop,
  };
}
