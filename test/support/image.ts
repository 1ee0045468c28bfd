import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { missing } from "./missing.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** The image of this package's Dockerfile, once it is built. */
export const IMAGE = "tenuo-ext-authz:e2e";
/** What it is built on. */
export const BASE_IMAGE = "gcr.io/distroless/nodejs24-debian12:nonroot";

/** Once a process; the engine's cache knows what hasn't changed. */
let built: Promise<unknown> | undefined;

/** @returns its tag */
export async function buildImage(): Promise<string> {
  built ??= docker("build", "--quiet", "--tag", IMAGE, ".");
  await built;
  return IMAGE;
}

/** For the `skip` of what needs containers. @throws {Error} under `CI=true` instead */
export async function noDocker(): Promise<string | false> {
  try {
    await docker("version");
    return false;
  } catch (error) {
    return missing("tests of the image, for want of a container engine", error);
  }
}

/** @returns what it prints on standard output. @throws {Error} with what it prints on the other, when it fails */
export async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("docker", args, { cwd: root, maxBuffer: 64 * 2 ** 20 });
  return stdout.trim();
}
