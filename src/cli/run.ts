import { parseArgs } from "node:util";
import { checkConfig } from "./check-config.ts";
import {
  type Command,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
  type Flag,
  type Flags,
  type Input,
  RunError,
  UsageError,
} from "./command.ts";
import { demo } from "./demo/demo.ts";
import { healthcheck } from "./healthcheck.ts";
import { commandHelp, PROGRAM, programHelp } from "./help.ts";
import { serve } from "./serve.ts";
import { sign } from "./sign.ts";
import { VERSION } from "./version.ts";
import { worker } from "./worker.ts";

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [serve, checkConfig, sign, demo, healthcheck];
/** Of no use to people. */
const HIDDEN_COMMANDS: readonly Command[] = [worker];

/** Of every command. */
export const COMMON_FLAGS: Flags = {
  help: { help: "show this help", short: "h" },
  version: { help: "show the version", short: "V" },
};

type Process = Pick<
  Input,
  "program" | "variables" | "stdout" | "stderr" | "isTerminal" | "stopped" | "onHangup"
>;

/** Runs the program. @returns its exit code. */
export async function run(args: readonly string[], process: Process): Promise<number> {
  let command: Command | undefined;
  try {
    const { values, positionals } = parse(args);
    if (values["version"] === true) return print(process, `${PROGRAM} ${VERSION}\n`);
    const [name, ...rest] = positionals;
    command = [...COMMANDS, ...HIDDEN_COMMANDS].find((candidate) => candidate.name === name);
    if (name === undefined && values["help"] === true)
      return print(process, programHelp(COMMANDS, COMMON_FLAGS));
    if (name === undefined) throw new UsageError("no command given");
    if (command === undefined) throw new UsageError(`\`${name}\` is not a command`);
    if (values["help"] === true) return print(process, commandHelp(command, COMMON_FLAGS));
    return await command.run(toInput(command, values, rest, process));
  } catch (error) {
    if (error instanceof RunError) {
      process.stderr(`${PROGRAM}: ${error.message}\n`);
      return EXIT_FAILED;
    }
    if (!(error instanceof UsageError)) {
      process.stderr(
        `${PROGRAM}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      return EXIT_FAILED;
    }
    command ??= COMMANDS.find(({ name }) => args.includes(name));
    const help = command === undefined ? `${PROGRAM} --help` : `${PROGRAM} ${command.name} --help`;
    process.stderr(`${PROGRAM}: ${error.message}\nsee \`${help}\`\n`);
    return EXIT_USAGE;
  }
}

function print(process: Process, text: string): number {
  process.stdout(text);
  return EXIT_OK;
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** All flags of all commands are known at once, since flags may stand before the command. */
function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  const flags = Object.assign({}, COMMON_FLAGS, ...COMMANDS.map((command) => command.flags)) as Flags;
  const options = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, toOption(flag)]));
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError)
      throw new UsageError(error.message.replace(/\. To specify a positional.*/s, ""));
    throw error;
  }
}

function toOption(flag: Flag): { type: "string" | "boolean"; multiple?: boolean; short?: string } {
  return {
    type: flag.value === undefined ? "boolean" : "string",
    multiple: flag.repeatable ?? false,
    ...(flag.short === undefined ? {} : { short: flag.short }),
  };
}

function toInput(command: Command, values: Values, positionals: readonly string[], process: Process): Input {
  for (const name of Object.keys(values)) {
    if (!(name in command.flags)) throw new UsageError(`\`--${name}\` is not a flag of \`${command.name}\``);
  }
  const wanted = command.positionals ?? [];
  const missing = wanted[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const extra = positionals[wanted.length];
  if (extra !== undefined) throw new UsageError(`\`${extra}\` is one argument too many`);

  const given = (name: string) => [values[name] ?? []].flat().map(String);
  for (const [name, { repeatable = false }] of Object.entries(command.flags)) {
    // An empty list is one; an empty name or number is a variable that the shell didn't know.
    if (!repeatable && given(name).includes(""))
      throw new UsageError(`\`--${name}\` is given without a value`);
  }
  const variableOf = (name: string) => {
    const variable = command.flags[name]?.variable;
    const value = variable && process.variables[variable];
    return value ? { variable, value } : undefined;
  };
  const textOf = (name: string) =>
    given(name).at(-1) ?? variableOf(name)?.value ?? command.flags[name]?.default;
  return {
    ...process,
    positionals,
    list: given,
    isSet: (name) => values[name] === true,
    isGiven: (name) => given(name).length > 0 || variableOf(name) !== undefined,
    text: textOf,
    asGiven: (name) => {
      const { variable, value } = variableOf(name) ?? {};
      return variable !== undefined && given(name).length === 0
        ? `${variable}=${value}`
        : `--${name} ${textOf(name)}`;
    },
  };
}
