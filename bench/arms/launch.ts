import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A program whose outputs are files, as a container runtime keeps them. */
export interface Launched {
  readonly pid: number;
  readonly stdout: string;
  readonly stop: () => Promise<void>;
}

const START_MS = 60_000;
/** How exactly the time of a start is known. */
const POLL_MS = 5;

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
// Else nothing would be told at the exit.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/** Runs a program until it listens at the port. @throws {Error} where it ends instead. */
export async function launch(
  folder: string,
  port: number,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Launched> {
  const stdout = join(folder, `${port}.out`);
  const stderr = join(folder, `${port}.err`);
  const child = spawn(command, args, {
    // Appending, so that a file that is emptied meanwhile starts anew.
    stdio: ["ignore", openSync(stdout, "a"), openSync(stderr, "a")],
    env: { PATH: process.env["PATH"], ...env },
  });
  running.add(child);
  const ended = once(child, "exit");
  ended.then(() => running.delete(child)).catch(() => {});
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const deadline = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (hasEnded()) throw new Error(`${command} ended: ${readFileSync(stderr, "utf8")}`);
    if (performance.now() > deadline) throw new Error(`${command} doesn't listen`);
    await sleep(POLL_MS);
  }
  return {
    pid: child.pid ?? 0,
    stdout,
    stop: async () => {
      if (!hasEnded()) child.kill("SIGKILL");
      await ended;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
