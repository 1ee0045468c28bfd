import { execFile, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PACKAGE_ROOT } from "../../package-root.ts";
import { freePort } from "./free-port.ts";
import { onPath } from "./on-path.ts";

const execute = promisify(execFile);

const IMAGE = "envoyproxy/envoy:v1.40.0";
const EXAMPLE = fileURLToPath(new URL("envoy/gateway.yaml", PACKAGE_ROOT));

/** How an Envoy can be run here. */
export interface EnvoyFound {
  /** For people: where it comes from. */
  readonly origin: string;
  readonly command: string;
  readonly arguments: (configFile: string) => readonly string[];
}

export interface RunningEnvoy {
  readonly port: number;
  readonly close: () => void;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** An Envoy of this machine: the one `ENVOY_BIN` names, else the first on the `PATH`. */
export function installedEnvoy(
  variables: Variables,
): { readonly path: string; readonly from: "ENVOY_BIN" | "PATH" } | undefined {
  const named = variables["ENVOY_BIN"];
  if (named !== undefined && named !== "") return { path: named, from: "ENVOY_BIN" };
  const path = onPath("envoy", variables["PATH"]);
  return path === undefined ? undefined : { path, from: "PATH" };
}

/** Looks for an installed one, then for Docker. */
export async function findEnvoy(
  variables: Variables,
  tell: (text: string) => void,
): Promise<EnvoyFound | undefined> {
  const installed = installedEnvoy(variables);
  if (installed !== undefined) return binary(`${installed.path} (${installed.from})`, installed.path);
  return (await hasDockerImage(tell)) ? docker() : undefined;
}

/** Runs the shipped example configuration on free ports in front of the two services on loopback. */
export async function startEnvoy(
  found: EnvoyFound,
  folder: string,
  ports: { readonly authorizer: number; readonly upstream: number },
): Promise<RunningEnvoy> {
  const [port, admin] = await Promise.all([freePort(), freePort()]);
  const configFile = join(folder, "envoy.yaml");
  writeFileSync(configFile, toLoopback(readFileSync(EXAMPLE, "utf8"), { ...ports, port, admin }), {
    mode: 0o644,
  });
  const child = spawn(found.command, found.arguments(configFile), { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints = (complaints + chunk).slice(-4000);
  });
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Envoy ended with code ${code}: ${complaints}`)));
  });
  ended.catch(() => {});
  const waiting = new AbortController();
  await Promise.race([ended, untilDeciding(port, waiting.signal)]).finally(() => waiting.abort());
  return { port, close: () => void child.kill("SIGTERM") };
}

/** Hot restart would take a socket that a second Envoy on this machine can't share. */
const QUIETLY = ["--disable-hot-restart", "--log-level", "error"];

function binary(origin: string, command: string): EnvoyFound {
  return {
    origin,
    command,
    arguments: (configFile) => ["-c", configFile, ...QUIETLY],
  };
}

function docker(): EnvoyFound {
  return {
    origin: `${IMAGE} (Docker)`,
    command: "docker",
    arguments: (configFile) => [
      ...["run", "--rm", "--init", "--network=host", `--volume=${configFile}:/etc/envoy/envoy.yaml:ro`],
      ...[IMAGE, "-c", "/etc/envoy/envoy.yaml", ...QUIETLY],
    ],
  };
}

/** Only where containers can share the host's network, as the services listen on loopback. */
async function hasDockerImage(tell: (text: string) => void): Promise<boolean> {
  if (platform() !== "linux") return false;
  try {
    await execute("docker", ["info"]);
    await execute("docker", ["image", "inspect", IMAGE]).catch(() => {
      tell(`Envoy         fetching ${IMAGE}; a local one can be named with ENVOY_BIN\n`);
      return execute("docker", ["pull", "--quiet", IMAGE]);
    });
    return true;
  } catch {
    return false;
  }
}

type Ports = Readonly<Record<"authorizer" | "upstream" | "port" | "admin", number>>;

/** The example's names and ports, each exactly once, turned into those of this run. */
function toLoopback(example: string, ports: Ports): string {
  const addresses = [
    ["address: 0.0.0.0, port_value: 8080", ports.port],
    ["address: 127.0.0.1, port_value: 9901", ports.admin],
    ["address: tenuo-ext-authz, port_value: 9090", ports.authorizer],
    ["address: upstream, port_value: 8080", ports.upstream],
  ] as const;
  return addresses.reduce((text, [address, port]) => {
    if (text.split(address).length !== 2) throw new Error(`the example doesn't hold \`${address}\` once`);
    return text.replace(address, `address: 127.0.0.1, port_value: ${port}`);
  }, example);
}

const START_TIMEOUT_MS = 30_000;

/** Envoy answers 503 until its first health check of the authorizer passed; after that, 401 or 404. */
async function untilDeciding(port: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !signal.aborted) {
    const status = await fetch(`http://127.0.0.1:${port}/`).then(
      (response) => response.status,
      () => 0,
    );
    if (status !== 0 && status < 500) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Envoy didn't reach the authorizer within ${START_TIMEOUT_MS / 1000} s`);
}
