import { type Command, EXIT_FAILED, EXIT_OK } from "./command.ts";

export const checkConfig: Command = {
  name: "check-config",
  summary: "report every error of a gateway.yaml",
  description: `
Loads the file as \`serve\` would and reports every error and warning, each as file:line:column with the line
itself. Other files that it names aren't read. Exit code 0 when it loads, 1 when it doesn't.

  tenuo-ext-authz check-config gateway.yaml`,
  flags: { json: { help: "print one JSON object instead" } },
  positionals: ["FILE"],
  run: async (input) => {
    const { readConfigFile } = await import("../server/state/config-file.ts");
    const [file = ""] = input.positionals;
    const loaded = readConfigFile(file);
    const errors = loaded.ok ? [] : loaded.errors;
    const { warnings } = loaded;
    if (input.isSet("json")) {
      input.stdout(`${JSON.stringify({ file, ok: loaded.ok, errors, warnings })}\n`);
    } else {
      for (const warning of warnings) input.stderr(`warning: ${warning}\n`);
      for (const error of errors) input.stderr(`${error}\n`);
      input.stdout(loaded.ok ? `${file}: ok\n` : `${file}: ${count(errors.length, "error")}\n`);
    }
    return loaded.ok ? EXIT_OK : EXIT_FAILED;
  },
};

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
