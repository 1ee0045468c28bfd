import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Log } from "../../src/server/log/log.ts";
import { type RunningServer, startServer } from "../../src/server/server.ts";
import { loadSnapshot } from "../../src/server/state/load-snapshot.ts";
import { messagesOf } from "../../src/server/state/part.ts";
import type { Snapshot } from "../../src/server/state/snapshot.ts";
import { createState, type StateView } from "../../src/server/state/state.ts";
import { waitFor } from "./wait.ts";

export interface Service extends RunningServer {
  /** Decisions and faults so far. */
  readonly logged: readonly Logged[];
}

export interface Logged {
  readonly event: string;
  readonly detail: unknown;
}

export interface ServiceOptions {
  /** What each check sees in place of the snapshot. */
  readonly change?: (snapshot: Snapshot) => Snapshot;
  readonly drainSeconds?: number;
  readonly maxInflight?: number;
  readonly hasBrokenLog?: boolean;
}

/** The service in this process on free ports of loopback; it ends with the test. */
export async function startService(
  t: TestContext,
  gatewayYaml: string,
  {
    change = (snapshot) => snapshot,
    drainSeconds = 0,
    maxInflight,
    hasBrokenLog = false,
  }: ServiceOptions = {},
): Promise<Service> {
  const snapshot = await snapshotOf(gatewayYaml);
  const state: StateView = {
    ...createState({ configFile: "", trustedKeys: [] }, { snapshot, seen: new Map() }),
    snapshot: () => change(snapshot),
  };
  const logged: Logged[] = [];
  const note = (event: string, detail: unknown): void => {
    logged.push({ event, detail });
  };
  const noteUnlessBroken = (event: string, detail: unknown): void => {
    if (hasBrokenLog) throw new Error("the log is broken");
    note(event, detail);
  };
  const tell = (event: string, _message: string, fields?: object): void => note(event, fields);
  const log: Log = {
    decision: ({ decision }) => noteUnlessBroken("decision", decision),
    fault: (_message, error) => noteUnlessBroken("fault", error),
    info: tell,
    warn: tell,
    error: tell,
    forward: () => {},
    lostLines: () => 0,
    end: async () => {},
  };
  const server = await startServer({
    ...{ bind: "127.0.0.1", port: 0, healthBind: "127.0.0.1", healthPort: 0, drainSeconds },
    ...(maxInflight !== undefined && { maxInflight }),
    ...{ version: "0.0.0", state, log },
  });
  t.after(() => server.drain());
  return { ...server, logged };
}

export async function snapshotOf(gatewayYaml: string): Promise<Snapshot> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  const configFile = join(folder, "gateway.yaml");
  writeFileSync(configFile, gatewayYaml);
  const loaded = await loadSnapshot({ configFile, trustedKeys: [] }, new Date());
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error(messagesOf(loaded.errors).join("\n"));
  return loaded.snapshot;
}

/** One line of the log. */
export type Line = Readonly<Record<string, unknown>>;

/** `serve` as a process of its own. */
export interface Serving {
  readonly port: number;
  /** The line that told the port. */
  readonly listening: Line;
  /** Its gateway.yaml. */
  readonly config: string;
  readonly pid: number;
  readonly stderr: () => string;
  /** What it told people on standard error so far. */
  readonly notices: () => readonly unknown[];
  /** What it logged so far. */
  readonly lines: () => readonly Line[];
  /** Asks for a reload. @returns what it logged about it. */
  readonly reload: () => Promise<Line>;
  /** At once, as in a crash. */
  readonly kill: () => Promise<void>;
  /** Ends it. @returns every line it wrote to stdout, as text. */
  readonly stop: () => Promise<readonly string[]>;
}

export interface ServeOptions {
  readonly args?: readonly string[];
  /** Arguments that say where it listens; a free port unless said. */
  readonly place?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called before it listens. */
  readonly spawned?: (child: ChildProcess) => void;
}

const FREE_PORT = ["--bind", "127.0.0.1", "--port", "0"];

/** Several may start at once on a busy machine. */
const START_SECONDS = 60;

/** Runs `serve` on a free port of loopback; it ends with the test. */
export async function startServe(
  t: TestContext,
  gatewayYaml: string,
  { args = [], place = FREE_PORT, env = {}, spawned }: ServeOptions = {},
): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, gatewayYaml);
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const common = ["serve", "--config", config, ...place, "--drain-seconds", "0"];
  const child = spawn(process.execPath, [main, ...common, ...args], {
    env: { PATH: process.env["PATH"], TENUO_HEALTH_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  spawned?.(child);
  const closed = once(child, "close");
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const linesSoFar = (): string[] => stdout.split("\n").slice(0, -1);
  const lines = (): readonly Line[] => linesSoFar().map((line) => JSON.parse(line));
  const reloads = (): readonly Line[] => lines().filter(({ event }) => event === "reload");
  const listening = await waitFor(
    "`serve` listens",
    () => {
      if (child.exitCode !== null || child.signalCode !== null) return "ended";
      return lines().find(({ event }) => event === "listening");
    },
    START_SECONDS,
  );
  if (listening === "ended") {
    await closed;
    throw new Error(`\`serve\` ended: ${stderr}`);
  }
  return {
    port: Number(listening["port"]),
    listening,
    config,
    pid: child.pid ?? 0,
    stderr: () => stderr,
    notices: () =>
      stderr
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line).message),
    lines,
    reload: () => {
      const before = reloads().length;
      child.kill("SIGHUP");
      return waitFor("a reload", () => reloads()[before]);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await closed;
    },
    stop: async () => {
      child.kill("SIGTERM");
      await closed;
      return linesSoFar();
    },
  };
}
