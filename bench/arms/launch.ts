import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { waitFor } from "../../test/support/wait.ts";

/** A program whose outputs are files, as a container runtime keeps them. */
export interface Launched {
  readonly pid: number;
  readonly stdout: string;
  readonly stop: () => Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

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
  await waitFor(`${command} listens`, async () => {
    if (hasEnded()) throw new Error(`it ended; ${stderr} may tell why`);
    return (await accepts(port)) || undefined;
  });
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
