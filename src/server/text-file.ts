import { readFileSync } from "node:fs";

/** Reads a whole file of UTF-8. @throws {Error} whose message names the file and says what is wrong, for people. */
export function readTextFile(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    throw new Error(`${file}: ${whyUnreadable(error)}`, { cause: error });
  }
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "no such file";
    case "EACCES":
      return "this user may not read it";
    case "EISDIR":
      return "is a folder, not a file";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "is not UTF-8 text";
    default:
      return String(error instanceof Error ? error.message : error);
  }
}
