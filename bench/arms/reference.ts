import type { Start } from "./arm.ts";
import { launch } from "./launch.ts";
import { serveArguments } from "./serve-arguments.ts";

export const REFERENCE = "tenuo-authorizer";

/** The published authorizer, which speaks HTTP only, with its log in a file. */
export function reference(program: string, gatewayYaml: string): Start {
  return async (port, folder) => {
    const args = await serveArguments(gatewayYaml, port, folder);
    const { pid, stop } = await launch(folder, port, program, args);
    return { pid, stop };
  };
}
