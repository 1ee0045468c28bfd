/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A few lines for `--help`: what it does, an example. */
  readonly description: string;
  readonly flags: Flags;
  /** Names of positional arguments, for the help; all of them are required. */
  readonly positionals?: readonly string[];
  /** @returns the exit code. @throws {UsageError} */
  run(input: Input): number | Promise<number>;
}

export interface Flag {
  /** What stands for the value in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  readonly repeatable?: boolean;
  /** Used where the flag isn't given; an empty variable counts as unset. */
  readonly variable?: string;
  readonly default?: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What a command runs on; nothing else of the process is seen. */
export interface Input {
  /** Value by flag name: given on the command line, else from its variable, else its default. */
  readonly text: (flag: string) => string | undefined;
  readonly list: (flag: string) => readonly string[];
  /** Whether it is on the command line or in its variable. */
  readonly isGiven: (flag: string) => boolean;
  /** As it was written there, for messages: `--mode audit` or `TENUO_MODE=audit`. */
  readonly asGiven: (flag: string) => string;
  readonly isSet: (flag: string) => boolean;
  readonly positionals: readonly string[];
  /** This program's file, to be started once more. */
  readonly program: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether standard error is read by people as it is written. */
  readonly isTerminal: boolean;
  /** Resolves at the first SIGTERM or SIGINT; at a second one the process is ended. */
  readonly stopped: () => Promise<void>;
  /** Calls back at every SIGHUP from now on, which otherwise ends the process. */
  readonly onHangup: (listener: () => void) => void;
}

/** The command line is wrong: exit code 2, with a hint at the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for can't be done; the message says why. Exit code 1. */
export class RunError extends Error {
  override readonly name = "RunError";
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
