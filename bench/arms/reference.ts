import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";
import type { Start } from "./arm.ts";
import { launch } from "./launch.ts";

export const REFERENCE = "tenuo-authorizer";

/** The published authorizer, which speaks HTTP only, with its log in a file. */
export function reference(program: string, gatewayYaml: string): Start {
  return async (port, folder) => {
    const config = join(folder, `${port}.yaml`);
    writeFileSync(config, gatewayYaml);
    const ports = ["--bind", "127.0.0.1", "--port", String(port), "--health-port", String(await freePort())];
    const { pid, stop } = await launch(folder, port, program, ["serve", "--config", config, ...ports]);
    return { pid, stop };
  };
}
