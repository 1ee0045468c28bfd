import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { MAX_REVOCATION_LIST_BYTES } from "../../warrant/limits.ts";
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

/** Any file: the largest is a revocation list in base64. */
export const MAX_FILE_BYTES = 2 * MAX_REVOCATION_LIST_BYTES;

/** What is read and hashed between two turns of other work: less than a millisecond. */
const SLICE_BYTES = 262_144;

/** @param isReload what can't be read twice, as a pipe, is an error then */
export function createReading(isReload = false): Reading {
  const seen = new Map<string, string>();
  const bytes = async (file: string): Promise<FileContent> => {
    try {
      const read = isReload ? await readAgain(file, readAll) : await readFirst(file);
      if (read === undefined)
        throw new Error("is not a file, and what else can be read is read at the start alone");
      seen.set(file, read.sha256);
      return read;
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
    // Looked at every few seconds: what it holds needn't be kept for that.
    return await readAgain(file, (handle) => hashOf(handle, () => {}));
  } catch (error) {
    return codeOf(error);
  }
}

async function readFirst(file: string): Promise<FileContent> {
  return withHandle(await open(file), readAll);
}

/** Undefined for a pipe or a device: to wait for what one may never hold would keep all other files waiting too. */
async function readAgain<Result>(
  file: string,
  read: (handle: FileHandle) => Promise<Result>,
): Promise<Result | undefined> {
  return withHandle(await open(file, constants.O_RDONLY | constants.O_NONBLOCK), async (handle) => {
    const kind = await handle.stat();
    return kind.isFile() || kind.isDirectory() ? read(handle) : undefined;
  });
}

async function withHandle<Result>(
  handle: FileHandle,
  use: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function readAll(handle: FileHandle): Promise<FileContent> {
  const slices: Buffer[] = [];
  const sha256 = await hashOf(handle, (slice) => slices.push(slice));
  return { content: Buffer.concat(slices), sha256 };
}

/** @param take is given all that is read, slice by slice */
async function hashOf(handle: FileHandle, take: (slice: Buffer) => void): Promise<string> {
  const sha256 = createHash("sha256");
  for (let length = 0; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(SLICE_BYTES));
    if (bytesRead === 0) return sha256.digest("hex");
    length += bytesRead;
    if (length > MAX_FILE_BYTES) throw tooLarge();
    const slice = buffer.subarray(0, bytesRead);
    sha256.update(slice);
    take(slice);
  }
}

function tooLarge(): Error {
  return Object.assign(new Error(`is larger than ${MAX_FILE_BYTES} bytes`), { code: "EFBIG" });
}

function codeOf(error: unknown): string {
  return errorCode(error) ?? "unreadable";
}
