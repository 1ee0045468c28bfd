import { readFileSync } from "node:fs";

/** Reads a whole file. @throws {Error} whose message names the file and says what is wrong, for people. */
export function readFile(file: string): Uint8Array {
  return explained(file, () => readFileSync(file));
}

/** Reads a whole file of UTF-8. @throws {Error} as {@link readFile} does */
export function readTextFile(file: string): string {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return explained(file, () => utf8.decode(readFileSync(file)));
}

function explained<Content>(file: string, read: () => Content): Content {
  try {
    return read();
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
