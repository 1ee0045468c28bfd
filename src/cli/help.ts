import type { Command, Flag, Flags } from "./command.ts";

export const PROGRAM = "tenuo-ext-authz";

const WIDTH = 96;

export function programHelp(commands: readonly Command[], common: Flags): string {
  return [
    `${PROGRAM}: puts Tenuo warrants behind Envoy and Istio (gRPC ext_authz)`,
    "",
    `usage: ${PROGRAM} COMMAND [FLAGS]`,
    "",
    "commands:",
    ...table(commands.map(({ name, summary }) => [name, summary])),
    "",
    "flags:",
    ...table(flagRows(common)),
    "",
    `\`${PROGRAM} COMMAND --help\` tells the flags of a command.`,
    "",
  ].join("\n");
}

export function commandHelp(command: Command, common: Flags): string {
  const positionals = (command.positionals ?? []).map((name) => ` ${name}`).join("");
  return [
    `usage: ${PROGRAM} ${command.name}${positionals} [FLAGS]`,
    "",
    command.description.trim(),
    "",
    "flags:",
    ...table(flagRows({ ...command.flags, ...common })),
    "",
  ].join("\n");
}

function flagRows(flags: Flags): readonly (readonly [string, string])[] {
  return Object.entries(flags).map(([name, flag]) => [
    `${flag.short === undefined ? "    " : `-${flag.short}, `}--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    flag.help + hints(flag),
  ]);
}

function hints({ variable, default: fallback }: Flag): string {
  const parts = [fallback === undefined ? [] : `default ${fallback}`, variable ?? []].flat();
  return parts.length === 0 ? "" : ` [${parts.join("; ")}]`;
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.flatMap(([name, text]) => {
    const [first = "", ...rest] = wrap(text, WIDTH - left - 2);
    return [`  ${name.padEnd(left)}${first}`, ...rest.map((line) => " ".repeat(left + 2) + line)];
  });
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
