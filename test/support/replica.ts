import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import { type Program, startProgram } from "./program.ts";
import { residentBytes } from "./resident.ts";
import { waitFor } from "./wait.ts";

/** The program, as Node runs it. */
export const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const HOST = "127.0.0.1";

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
  /** Resident, in bytes. */
  memory(): number;
}

export interface ReplicaSettings {
  /** Hex keys. */
  readonly trustedKeys: readonly string[];
  /** Further arguments of `serve`. */
  readonly serveArguments?: readonly string[];
  /** Where it answers checks, in place of a port. */
  readonly socket?: string;
  /** Further variables. */
  readonly env?: NodeJS.ProcessEnv;
}

/** On ports of loopback; it isn't started yet. @param gatewayYaml the file */
export async function createReplica(gatewayYaml: string, settings: ReplicaSettings): Promise<Replica> {
  const [checkPort, healthPort] = await Promise.all([freePort(), freePort()]);
  const { socket } = settings;
  const place = socket === undefined ? ["--bind", HOST, "--port", String(checkPort)] : ["--socket", socket];
  const ports = [...place, "--health-port", String(healthPort)];
  const keys = settings.trustedKeys.length > 0 ? ["--trusted-keys", settings.trustedKeys.join(",")] : [];
  const serve = ["serve", "--config", gatewayYaml, ...ports, ...keys, ...(settings.serveArguments ?? [])];
  let program: Program | undefined;
  return {
    checkPort,
    healthPort,
    output: () => program?.output() ?? "",
    start: async (env = settings.env) => {
      program = startProgram(process.execPath, [MAIN, ...serve], env);
      await answers("the service", program, `http://${HOST}:${healthPort}/ready`, (status) => status === 200);
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

/** Waits until it does. @throws {Error} with the output of a program that ends, or doesn't answer in time */
export async function answers(
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
