#!/usr/bin/env node
import { constants } from "node:os";
import { setFlagsFromString } from "node:v8";
import { restartFor } from "./cli/process-memory.ts";

/** How long what a command has begun and given up, such as to send spans, may hold up the end of the process. */
const LINGER_MS = 500;

// The size of the heap can be said at the start alone. The process stays the same one, and nothing is loaded yet; where
// it can't be replaced, as on Windows, or has a parent that talks to it, it takes what memory Node gives it.
const restart = restartFor(process.argv.slice(2), process.execArgv, process.env);
if (restart !== undefined && process.send === undefined) {
  try {
    process.execve?.(
      process.execPath,
      [process.execPath, ...restart.flags, ...process.argv.slice(1)],
      restart.variables,
    );
  } catch {
    // As under Node's permission model.
  }
}

// Whoever reads us may stop early (`| head`); the command still has to end by itself and clean up.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
// What can't be complained about, as on a full disk, is no reason to end.
process.stderr.on("error", () => {});

/** With the exit code that shells know. */
const end = (signal: "SIGTERM" | "SIGINT"): void => process.exit(128 + constants.signals[signal]);
/** A signal is for the whole group of processes, such as Ctrl-C; it is `serve` that tells its workers when to end. */
const isWorker = process.argv[2] === "worker";
let stop: (signal: "SIGTERM" | "SIGINT") => void = isWorker ? () => {} : end;
// From the beginning, as the first process of a container has no way to end by itself at a signal.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop(signal));
if (isWorker || process.argv.includes("serve")) {
  // Loading the rest takes most of the start. A SIGHUP meanwhile would end the service; its files are read after that anyway.
  process.on("SIGHUP", () => {});
  // V8 would take what a request makes for what lasts, make it where only a collection of the whole heap frees it, and keep
  // with it all that it refers to.
  setFlagsFromString("--no-allocation-site-pretenuring");
}
const { run } = await import("./cli/run.ts");

process.exitCode = await run(process.argv.slice(2), {
  program: process.argv[1] ?? "",
  variables: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  stopped: () =>
    new Promise((resolve) => {
      stop = () => {
        stop = end;
        resolve();
      };
    }),
  onHangup: (listener) => process.on("SIGHUP", listener),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
