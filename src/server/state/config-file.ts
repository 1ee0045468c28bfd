import type { Gateway } from "../../gateway/gateway.ts";
import { loadGateway } from "../../gateway/load.ts";
import { formatProblem } from "../../gateway/problem.ts";
import { errorMessage } from "../error-message.ts";
import { readTextFile } from "./read-file.ts";

export type ConfigFile =
  | { readonly ok: true; readonly gateway: Gateway; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[]; readonly warnings: readonly string[] };

/** Reads and compiles a gateway.yaml; every error of it at once, for people. */
export function readConfigFile(file: string): ConfigFile {
  try {
    return compileConfig(readTextFile(file), file);
  } catch (error) {
    return { ok: false, errors: [errorMessage(error)], warnings: [] };
  }
}

/** Compiles the text of a gateway.yaml. @param file its name, for the problems */
export function compileConfig(text: string, file: string): ConfigFile {
  const loaded = loadGateway(text, file);
  const warnings = loaded.warnings.map(formatProblem);
  if (loaded.ok) return { ok: true, gateway: loaded.gateway, warnings };
  return { ok: false, errors: loaded.errors.map(formatProblem), warnings };
}
