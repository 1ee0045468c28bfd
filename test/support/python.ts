import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedFolder } from "./cache.ts";

const run = promisify(execFile);

/** The published SDK, and published descriptors of Envoy's API. */
const PUBLISHED = ["tenuo==0.3.3", "xds-protos==1.85.0"];

/** The interpreter of a virtual environment that has these packages; made on first use. */
export async function python(requirements: readonly string[] = PUBLISHED): Promise<string> {
  const { stdout } = await run("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  const name = ["python", stdout.trim(), ...requirements].join("-").replaceAll("==", "-");
  const folder = await cachedFolder(name, async (building) => {
    await run("python3", ["-m", "venv", building]);
    // `python -m pip`, since the scripts in bin/ name the folder they were made in.
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
    await run(join(building, "bin/python"), install, { timeout: 300_000 });
  });
  return join(folder, "bin/python");
}
