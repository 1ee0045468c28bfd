import { readFileSync } from "node:fs";
import { errorMessage } from "../error-message.ts";

/** Reads a whole file of UTF-8. @throws {Error} whose message names the file and says what is wrong, for people. */
export function readTextFile(file: string): string {
  try {
    return decodeText(readFileSync(file));
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** @throws for anything but UTF-8 */
export function decodeText(content: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
}

/** What to tell of a file that `error` kept from being read. */
export function unreadable(file: string, error: unknown): Error {
  return new Error(`${file}: ${whyUnreadable(error)}`, { cause: error });
}

function whyUnreadable(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "no such file";
    case "EACCES":
      return "this user may not read it";
    case "EISDIR":
      return "is a folder, not a file";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "is not UTF-8 text";
    default:
      return errorMessage(error);
  }
}

/** The code of a system error, as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
