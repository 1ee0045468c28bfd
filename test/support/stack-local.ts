import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMap, isScalar, parseDocument, visit } from "yaml";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { envoyBinary } from "./envoy.ts";
import { exampleEnvoyYaml, exampleGatewayYaml, withReplicas } from "./envoy-yaml.ts";
import { type Program, startProgram } from "./program.ts";
import { reloadsIn } from "./reloads.ts";
import { residentBytes } from "./resident.ts";
import type { Stack, StackSettings } from "./stack.ts";
import { startUpstream } from "./upstream.ts";
import { waitFor } from "./wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const host = "127.0.0.1";

export interface LocalSettings extends StackSettings {
  /** Processes of the service behind one Envoy; 1 by default. */
  readonly replicas?: number;
  /** A Unix socket on which the service listens in place of a port; Envoy's configuration has to name it. */
  readonly socket?: string;
  /** Further variables of the service. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface LocalStack extends Stack {
  /** Resident memory of the service, in bytes. */
  serviceMemory(): number;
  /** Where the service answers checks. */
  readonly checkPort: number;
  /** Where Envoy tells its state. */
  readonly adminPort: number;
  /** All processes of the service; the others of this interface speak of the first. */
  readonly replicas: readonly Replica[];
  /** The gateway.yaml that all replicas read. */
  readonly gatewayYaml: string;
}

/** One process of the service. */
export interface Replica {
  readonly checkPort: number;
  readonly healthPort: number;
  /** Both outputs since its last start. */
  output(): string;
  /** Returns when it is ready. @param env in place of that of the settings */
  start(env?: NodeJS.ProcessEnv): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Waits until it is gone. @returns its exit code, or null when a signal ended it. */
  ended(): Promise<number | null>;
  kill(): Promise<void>;
}

/** The stack as processes of this machine, on free ports of the loopback interface. */
export async function startLocal(settings: LocalSettings): Promise<LocalStack> {
  const envoy = await envoyBinary();
  const folder = mkdtempSync(join(tmpdir(), "tenuo-e2e-"));
  const upstream = await startUpstream(host);
  const [gateway, admin] = await Promise.all([freePort(), freePort()]);
  const gatewayYaml = join(folder, "gateway.yaml");
  const envoyYaml = join(folder, "envoy.yaml");
  const first = await createReplica(gatewayYaml, settings);
  const others = Array.from({ length: (settings.replicas ?? 1) - 1 }, () =>
    createReplica(gatewayYaml, settings),
  );
  const replicas = [first, ...(await Promise.all(others))];
  const addresses = {
    "0.0.0.0:8080": gateway,
    "127.0.0.1:9901": admin,
    "upstream:8080": upstream.port,
    ...Object.fromEntries(
      (settings.socket === undefined ? replicas : []).map(({ checkPort }, i) => [
        `tenuo-ext-authz${i === 0 ? "" : `-${i + 1}`}:9090`,
        checkPort,
      ]),
    ),
  };

  let proxy: Program | undefined;
  const startEnvoy = async (): Promise<void> => {
    const quick = ["--concurrency", "2", "--file-flush-interval-msec", "50", "--log-level", "warn"];
    const apart = ["--disable-hot-restart", "--base-id", String(gateway)];
    proxy = startProgram(envoy, ["--config-path", envoyYaml, ...quick, ...apart]);
    await ready("Envoy", proxy, `http://${host}:${gateway}/`, (status) => status !== 503);
  };
  const stop = async (): Promise<void> => {
    // Killed, since nobody waits for the connections it would drain.
    await Promise.all([proxy?.stop("SIGKILL"), ...replicas.map(({ kill }) => kill()), upstream.stop()]);
    rmSync(folder, { recursive: true });
  };
  try {
    writeFileSync(gatewayYaml, settings.gatewayYaml ?? exampleGatewayYaml);
    const envoyText = withReplicas(settings.envoyYaml ?? exampleEnvoyYaml, replicas.length);
    writeFileSync(envoyYaml, moveAddresses(envoyText, addresses));
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
    adminPort: admin,
    serviceMemory: first.memory,
    replicas,
    gatewayYaml,
    stop,
  };
}

async function createReplica(gatewayYaml: string, settings: LocalSettings) {
  const [checkPort, healthPort] = await Promise.all([freePort(), freePort()]);
  const { socket } = settings;
  const place = socket === undefined ? ["--bind", host, "--port", String(checkPort)] : ["--socket", socket];
  const ports = [...place, "--health-port", String(healthPort)];
  const keys = settings.trustedKeys.length > 0 ? ["--trusted-keys", settings.trustedKeys.join(",")] : [];
  const serve = ["serve", "--config", gatewayYaml, ...ports, ...keys, ...(settings.serveArguments ?? [])];
  let program: Program | undefined;
  return {
    checkPort,
    healthPort,
    output: () => program?.output() ?? "",
    start: async (env = settings.env) => {
      program = startProgram(process.execPath, [join(root, "src/main.ts"), ...serve], env);
      await ready("the service", program, `http://${host}:${healthPort}/ready`, (status) => status === 200);
    },
    signal: (name: NodeJS.Signals) => {
      if (program?.pid !== undefined) process.kill(program.pid, name);
    },
    ended: () =>
      waitFor("the service to end", () => (program?.ended() === true ? program.exitCode() : undefined), 60),
    kill: async () => program?.stop("SIGKILL"),
    memory: () => residentBytes(program?.pid ?? 0),
  };
}

async function ready(
  what: string,
  program: Program,
  url: string,
  good: (status: number) => boolean,
): Promise<void> {
  try {
    await waitFor(`${what} to answer ${url}`, async () => {
      if (program.ended()) return false;
      return good((await fetch(url)).status) ? true : undefined;
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${program.output()}`, { cause: error });
  }
  if (program.ended()) throw new Error(`${what} ended:\n${program.output()}`);
}

/** Envoy's configuration with other addresses, and nothing else changed. */
function moveAddresses(yaml: string, ports: Readonly<Record<string, number>>): string {
  const document = parseDocument(yaml);
  const left = new Set(Object.keys(ports));
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || pair.key.value !== "socket_address" || !isMap(pair.value)) return;
      const place = `${pair.value.get("address")}:${pair.value.get("port_value")}`;
      const port = ports[place];
      if (port === undefined) throw new Error(`no port for ${place}`);
      left.delete(place);
      pair.value.set("address", host);
      pair.value.set("port_value", port);
    },
  });
  if (left.size > 0) throw new Error(`addresses not found in Envoy's configuration: ${[...left].join(", ")}`);
  return document.toString();
}
