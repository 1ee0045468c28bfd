import type { Input } from "../../src/cli/command.ts";

/** What a command is given, with nothing on the command line but what `changes` say. */
export function inputWith(changes: Partial<Input>): Input {
  return {
    text: () => undefined,
    list: () => [],
    isGiven: () => false,
    asGiven: () => "",
    isSet: () => false,
    positionals: [],
    program: "",
    variables: {},
    stdout: () => {},
    stderr: () => {},
    stopped: async () => {},
    isTerminal: true,
    onHangup: () => {},
    ...changes,
  };
}
