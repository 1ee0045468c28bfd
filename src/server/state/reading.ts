import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { decodeText, errorCode, unreadable } from "./read-file.ts";

/** Reads the files of one load, and remembers what each of them held: whoever watches them compares with that. */
export interface Reading {
  /** @throws {Error} whose message names the file and says what is wrong, for people */
  readonly bytes: (file: string) => Promise<FileContent>;
  /** As `bytes` does, for UTF-8. */
  readonly text: (file: string) => Promise<FileText>;
  /** By the name it was asked for, what {@link fingerprint} says of each file. */
  readonly seen: FilesSeen;
}

export type FilesSeen = ReadonlyMap<string, string>;

export interface FileContent {
  readonly content: Uint8Array;
  /** Hex of the SHA-256 of the content. */
  readonly sha256: string;
}

export interface FileText {
  readonly text: string;
  readonly sha256: string;
}

/** What is hashed between two turns of other work: less than a millisecond. */
const SLICE_BYTES = 262_144;

export function createReading(): Reading {
  const seen = new Map<string, string>();
  const bytes = async (file: string): Promise<FileContent> => {
    try {
      const content = await readFile(file);
      const sha256 = await hash(content);
      seen.set(file, sha256);
      return { content, sha256 };
    } catch (error) {
      seen.set(file, codeOf(error));
      throw unreadable(file, error);
    }
  };
  return {
    seen,
    bytes,
    text: async (file) => {
      const { content, sha256 } = await bytes(file);
      try {
        return { text: decodeText(content), sha256 };
      } catch (error) {
        throw unreadable(file, error);
      }
    },
  };
}

/**
 * The SHA-256 of a file's content in hex, or the code of the error that keeps it from being read. Never throws.
 *
 * @returns undefined for what can't be read twice, as a pipe
 */
export async function fingerprint(file: string): Promise<string | undefined> {
  try {
    const kind = await stat(file);
    if (!kind.isFile() && !kind.isDirectory()) return undefined;
    return await hash(await readFile(file));
  } catch (error) {
    return codeOf(error);
  }
}

async function hash(content: Uint8Array): Promise<string> {
  const sha256 = createHash("sha256");
  for (let start = 0; start < content.length; start += SLICE_BYTES) {
    if (start > 0) await nextTurn();
    sha256.update(content.subarray(start, start + SLICE_BYTES));
  }
  return sha256.digest("hex");
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? "unreadable";
}
