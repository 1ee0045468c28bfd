import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ListVersion } from "../../warrant/revocation-list.ts";
import { errorMessage } from "../error-message.ts";
import { errorCode, readTextFile } from "./read-file.ts";

/** By hex of the signer, what was accepted of it last. */
export type Floors = ReadonlyMap<string, ListVersion>;

const ENTRY = String.raw`"([0-9a-f]{64})"\s*:\s*\[\s*(0|[1-9]\d{0,19})\s*,\s*"([0-9a-f]{64})"\s*\]`;
/** The one form of the file (revocation §4); `JSON.parse` would round a high version. */
const FILE = new RegExp(String.raw`^\s*\{\s*(?:${ENTRY}\s*(?:,\s*${ENTRY}\s*)*)?\}\s*$`);

/**
 * Reads the file; one that isn't there yet is empty.
 *
 * @throws {Error} for anything else than a floor file: to start over would let an old list in.
 */
export function readFloors(file: string): Floors {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    if (isMissing(error)) return new Map();
    throw error;
  }
  if (!FILE.test(text)) {
    throw new Error(
      `${file}: isn't a file of --revocation-floor; restore it, or remove it to accept any version once`,
    );
  }
  return new Map(
    Array.from(text.matchAll(new RegExp(ENTRY, "g")), ([, issuer = "", version = "", contentHash = ""]) => [
      issuer,
      { version: BigInt(version), contentHash },
    ]),
  );
}

/** Replaces the file whole, so that a crash leaves the old or the new one. @throws {Error} that names it */
export function writeFloors(file: string, floors: Floors): void {
  const entries = [...floors].map(
    ([issuer, { version, contentHash }]) => `"${issuer}":[${version},"${contentHash}"]`,
  );
  const temporary = `${file}.new`;
  try {
    writeFileSync(temporary, `{${entries.join(",")}}\n`, { flush: true });
    renameSync(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    const why = errorMessage(error);
    throw new Error(`${file}: can't be written, and --revocation-floor has to be: ${why}`, { cause: error });
  }
}

/** A rename is on disk when its folder is. */
function flushFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && errorCode(error.cause) === "ENOENT";
}
