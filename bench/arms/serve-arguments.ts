import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";

/** The command `serve`, which the published authorizer has as well, with this gateway.yaml at a port of loopback. */
export async function serveArguments(
  gatewayYaml: string,
  port: number,
  folder: string,
): Promise<readonly string[]> {
  const config = join(folder, `${port}.yaml`);
  writeFileSync(config, gatewayYaml);
  const ports = ["--bind", "127.0.0.1", "--port", String(port), "--health-port", String(await freePort())];
  return ["serve", "--config", config, ...ports];
}
