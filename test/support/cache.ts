import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where the tests keep what they downloaded; safe to delete. */
const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "tenuo-ext-authz");

/**
 * A folder that is built once and then kept. It appears whole or not at all, so test files that run at the same
 * time may build it twice but never see half of it.
 */
export async function cachedFolder(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(`${folder}.`);
  try {
    await build(building);
    try {
      renameSync(building, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}
