import { existsSync, readFileSync, truncateSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { waitFor } from "../../test/support/wait.ts";
import type { Start } from "./arm.ts";
import { imageVariables } from "./image-flags.ts";
import { launch } from "./launch.ts";
import { serveArguments } from "./serve-arguments.ts";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A file as `serve` takes it. */
export interface OwnSettings {
  readonly gatewayYaml: string;
  /** What the log tells of each call: its decision, and the reason of a denial; undefined where nothing is logged. */
  readonly logged: { readonly decision: string; readonly reason?: string } | undefined;
  readonly flags?: readonly string[];
}

/** `serve` as users run it: compiled, with metrics, its log in a file. */
export function own({ gatewayYaml, logged, flags = [] }: OwnSettings): Start {
  return async (port, folder) => {
    const args = [MAIN, ...(await serveArguments(gatewayYaml, port, folder)), ...flags];
    const program = await launch(folder, port, process.execPath, args, imageVariables());
    const started = { pid: program.pid, stop: program.stop };
    if (logged === undefined) return started;
    const told = (): number =>
      readFileSync(program.stdout, "utf8")
        .split("\n")
        .filter((line) => line.includes(`"authorization_`))
        .map((line) => JSON.parse(line) as typeof logged)
        .filter(({ decision, reason }) => decision === logged.decision && reason === logged.reason).length;
    return {
      ...started,
      audit: async (calls) => {
        await waitFor(`${calls} calls in the log`, () => told() >= calls || undefined);
        if (told() !== calls) throw new Error(`the log tells of ${told()} calls in place of ${calls}`);
        truncateSync(program.stdout);
      },
    };
  };
}

/** @throws {Error} that says what to do, where it isn't compiled. */
export function demandBuild(): void {
  if (!existsSync(MAIN)) throw new Error("dist/main.js isn't there: run `npm run build` first");
}
