import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMap, isScalar, parseDocument, visit } from "yaml";
import { freePort } from "../../src/cli/demo/free-port.ts";
import { envoyBinary } from "./envoy.ts";
import { exampleEnvoyYaml, exampleGatewayYaml } from "./envoy-yaml.ts";
import { type Program, startProgram } from "./program.ts";
import type { Stack, StackSettings } from "./stack.ts";
import { startUpstream } from "./upstream.ts";
import { waitFor } from "./wait.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const host = "127.0.0.1";

export interface LocalStack extends Stack {
  /** Resident memory of the service, in bytes. */
  serviceMemory(): number;
  /** Where the service answers checks. */
  readonly checkPort: number;
}

/** The stack as processes of this machine, on free ports of the loopback interface. */
export async function startLocal(settings: StackSettings): Promise<LocalStack> {
  const envoy = await envoyBinary();
  const folder = mkdtempSync(join(tmpdir(), "tenuo-e2e-"));
  const upstream = await startUpstream(host);
  const [gateway, admin, check, health] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const gatewayYaml = join(folder, "gateway.yaml");
  const envoyYaml = join(folder, "envoy.yaml");
  const addresses = {
    "0.0.0.0:8080": gateway,
    "127.0.0.1:9901": admin,
    "tenuo-ext-authz:9090": check,
    "upstream:8080": upstream.port,
  };

  let service: Program | undefined;
  let proxy: Program | undefined;
  const startService = async (): Promise<void> => {
    const ports = ["--bind", host, "--port", String(check), "--health-port", String(health)];
    const keys = settings.trustedKeys.length > 0 ? ["--trusted-keys", settings.trustedKeys.join(",")] : [];
    const serve = ["serve", "--config", gatewayYaml, ...ports, ...keys, ...(settings.serveArguments ?? [])];
    service = startProgram(process.execPath, [join(root, "src/main.ts"), ...serve]);
    await ready("the service", service, `http://${host}:${health}/ready`, (status) => status === 200);
  };
  const startEnvoy = async (): Promise<void> => {
    const quick = ["--concurrency", "2", "--file-flush-interval-msec", "50", "--log-level", "warn"];
    const apart = ["--disable-hot-restart", "--base-id", String(gateway)];
    proxy = startProgram(envoy, ["--config-path", envoyYaml, ...quick, ...apart]);
    await ready("Envoy", proxy, `http://${host}:${gateway}/`, (status) => status !== 503);
  };
  const stop = async (): Promise<void> => {
    // Killed, since nobody waits for the connections it would drain.
    await Promise.all([proxy?.stop("SIGKILL"), service?.stop("SIGKILL"), upstream.stop()]);
    rmSync(folder, { recursive: true });
  };
  try {
    writeFileSync(gatewayYaml, settings.gatewayYaml ?? exampleGatewayYaml);
    writeFileSync(envoyYaml, moveAddresses(settings.envoyYaml ?? exampleEnvoyYaml, addresses));
    await startService();
    await startEnvoy();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    driver: "local",
    gateway: () => ({ host, port: gateway }),
    health: () => ({ host, port: health }),
    upstreamCount: async () => Number(await (await fetch(`http://${host}:${upstream.countPort}/`)).text()),
    envoyOutput: () => proxy?.output() ?? "",
    serviceOutput: () => service?.output() ?? "",
    killService: async () => service?.stop("SIGKILL"),
    freezeService: async () => signal(service, "SIGSTOP"),
    thawService: async () => signal(service, "SIGCONT"),
    startService,
    killEnvoy: async () => proxy?.stop("SIGKILL"),
    startEnvoy,
    checkPort: check,
    serviceMemory: () => {
      const resident = /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${service?.pid}/status`, "utf8"))?.[1];
      return Number(resident) * 1024;
    },
    stop,
  };
}

function signal(program: Program | undefined, name: NodeJS.Signals): void {
  if (program?.pid !== undefined) process.kill(program.pid, name);
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
