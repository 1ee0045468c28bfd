import type { Command } from "./command.ts";

export const sign: Command = {
  name: "sign",
  summary: "sign one call and print its two headers",
  description: `
Makes the proof of possession for one call and prints the headers to send, one a line. A proof is good for about
a minute and for these arguments alone: the ones gateway.yaml takes from the request.

  tenuo-ext-authz sign --warrant agent.warrant --key agent.key --tool read_file --arg path=data/report.txt \\
    | curl -H @- http://localhost:8080/files/data/report.txt`,
  flags: {
    warrant: { value: "FILE", help: "the warrant or stack, as text of the header" },
    key: { value: "FILE", help: "the holder's private key: 64 hex digits of an Ed25519 seed" },
    tool: { value: "NAME", help: "the tool to call" },
    arg: { value: "NAME=TEXT", help: "an argument that is text", repeatable: true },
    args: { value: "JSON", help: "all arguments as one JSON object; 1 and 1.0 are different" },
    json: { help: "print one JSON object instead" },
  },
  run: async (input) => (await import("./sign-run.ts")).runSign(input),
};
