import type { Gateway } from "../gateway/gateway.ts";
import { loadGateway } from "../gateway/load.ts";
import { formatProblem } from "../gateway/problem.ts";
import { readTextFile } from "./read-file.ts";

export type ConfigFile =
  | {
      readonly ok: true;
      readonly gateway: Gateway;
      readonly text: string;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] };

/**
 * Reads and compiles a gateway.yaml; every error of it at once, for people.
 *
 * @param previous what it was before, to be returned if it still is: to compile a thousand routes takes 0.2 s
 */
export function readConfigFile(file: string, previous?: ConfigFile): ConfigFile {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    return { ok: false, errors: [error instanceof Error ? error.message : String(error)], warnings: [] };
  }
  if (previous?.ok && previous.text === text) return previous;
  const loaded = loadGateway(text, file);
  const warnings = loaded.warnings.map(formatProblem);
  if (loaded.ok) return { ok: true, gateway: loaded.gateway, text, warnings };
  return { ok: false, errors: loaded.errors.map(formatProblem), warnings };
}
