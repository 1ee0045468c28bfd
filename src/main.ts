#!/usr/bin/env node
/** Exit code of a process ended by SIGINT, as shells know it. */
const EXIT_INTERRUPTED = 130;
/** How long what a command has begun and given up, such as to send spans, may hold up the end of the process. */
const LINGER_MS = 500;

// Whoever reads us may stop early (`| head`); the command still has to end by itself and clean up.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});
// What can't be complained about, as on a full disk, is no reason to end.
process.stderr.on("error", () => {});

// Loading the rest takes most of the start. A SIGHUP meanwhile would end the service; its files are read after that anyway.
if (process.argv.includes("serve")) process.on("SIGHUP", () => {});
const { run } = await import("./cli/run.ts");

process.exitCode = await run(process.argv.slice(2), {
  variables: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY,
  stopped: () =>
    new Promise((resolve) => {
      const stop = (): void => {
        for (const signal of ["SIGTERM", "SIGINT"] as const)
          process.on(signal, () => process.exit(EXIT_INTERRUPTED));
        resolve();
      };
      process.once("SIGTERM", stop);
      process.once("SIGINT", stop);
    }),
  onHangup: (listener) => process.on("SIGHUP", listener),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
