import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Command, Input } from "./command.ts";
import { LISTENING_FLAGS, readPlace, readTlsFiles } from "./listening.ts";

/** The service, where it is the first process of its container. */
const FIRST_PROCESS = "/proc/1/cmdline";

export const healthcheck: Command = {
  name: "healthcheck",
  summary: "ask a running authorizer whether it is ready",
  description: `
For HEALTHCHECK of a container image, which has neither a shell nor curl. Asks /ready on the health port, else on the
port or the socket for checks, where flags, the arguments of the container's first process, and variables say that
\`serve\` listens. A port with TLS is only asked for a handshake. Exit code 0 when it is ready, 1 when it isn't.

  tenuo-ext-authz healthcheck`,
  flags: LISTENING_FLAGS,
  run: async (input) => {
    const served = asServed(input, firstProcess());
    const place = readPlace(served);
    const isTls = place.healthPort === undefined && readTlsFiles(served) !== undefined;
    // This runs every few seconds beside the service: nothing else is loaded.
    const { askHandshake, askReady } = await import("./healthcheck-run.ts");
    return (isTls ? askHandshake : askReady)(place, input);
  },
};

/**
 * @param commandLine of `serve`, as Linux has it: every argument ended by a NUL
 * @returns input in which its flags stand between those given here and the variables
 */
export function asServed(input: Input, commandLine: string): Input {
  const args = commandLine.split("\0");
  // `docker run --init` puts itself in front, with a `--` that would end the flags.
  const own = args.slice(args.indexOf("--") + 1);
  const options = Object.fromEntries(
    Object.entries(LISTENING_FLAGS).map(([name, flag]) => [
      name,
      { type: "string" as const, ...("short" in flag && { short: flag.short }) },
    ]),
  );
  const { values } = parseArgs({ args: own, options, strict: false });
  const served = (name: string): string | undefined => {
    const value = input.list(name).at(-1) ?? values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    ...input,
    text: (name) => served(name) ?? input.text(name),
    isGiven: (name) => served(name) !== undefined || input.isGiven(name),
  };
}

function firstProcess(): string {
  try {
    const commandLine = readFileSync(FIRST_PROCESS, "utf8");
    return commandLine.split("\0").includes("serve") ? commandLine : "";
  } catch {
    return "";
  }
}
