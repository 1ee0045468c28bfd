import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** A child process with its output kept. */
export interface Program {
  readonly pid: number | undefined;
  /** Both outputs so far. */
  output(): string;
  /** Whether it ended by itself or was ended. */
  ended(): boolean;
  /** Null while it runs, and where a signal ended it. */
  exitCode(): number | null;
  /** Ends it and waits until it is gone; kills it if it takes longer than five seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startProgram(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  child.once("error", (error) => {
    output += error.message;
  });
  child.once("exit", () => running.delete(child));
  return {
    pid: child.pid,
    output: () => output,
    ended,
    exitCode: () => child.exitCode,
    async stop(signal = "SIGTERM") {
      if (ended() || child.pid === undefined) return;
      const gone = once(child, "exit");
      child.kill(signal);
      const late = new AbortController();
      void sleep(5000, undefined, { signal: late.signal }).then(
        () => child.kill("SIGKILL"),
        () => {},
      );
      await gone;
      late.abort();
    },
  };
}
