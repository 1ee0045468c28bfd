import { type FSWatcher, watch } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorMessage } from "../error-message.ts";
import { errorCode } from "./read-file.ts";

/** Watches the folders of files, since whoever watches a file goes deaf once another takes its name. */
export interface FolderWatch {
  /** From now on watches for these files, and looks anew at where their folders are. */
  readonly follow: (files: Iterable<string>) => Promise<void>;
  readonly close: () => void;
}

/** What is done by default; a test may have another. */
export type OpenWatch = (
  folder: string,
  options: { readonly persistent: false },
  listener: () => void,
) => Pick<FSWatcher, "on" | "close">;

interface Watched {
  readonly watcher: Pick<FSWatcher, "on" | "close">;
  readonly identity: string;
}

/**
 * @param changed called whenever something happens in a folder, related or not, and when a folder is watched from now
 * on: what happened in it before went unseen
 * @param deaf told once, and why, where a folder can't be watched
 */
export function createFolderWatch(
  changed: () => void,
  deaf: (why: string) => void,
  open: OpenWatch = watch,
): FolderWatch {
  const watched = new Map<string, Watched>();
  let isDeaf = false;
  let isClosed = false;

  const forget = (folder: string): void => {
    watched.get(folder)?.watcher.close();
    watched.delete(folder);
  };
  const complain = (error: unknown): void => {
    // A folder that is missing comes back, or its files are complained about.
    if (isDeaf || errorCode(error) === "ENOENT") return;
    isDeaf = true;
    deaf(errorMessage(error));
  };
  const begin = (folder: string, identity: string): void => {
    try {
      const watcher = open(folder, { persistent: false }, changed);
      watched.set(folder, { watcher, identity });
      watcher.on("error", (error) => {
        if (watched.get(folder)?.watcher === watcher) forget(folder);
        complain(error);
      });
      changed();
    } catch (error) {
      complain(error);
    }
  };
  return {
    follow: async (files) => {
      const folders = await foldersOf(files);
      if (isClosed) return;
      for (const [folder, { identity }] of watched) if (folders.get(folder) !== identity) forget(folder);
      for (const [folder, identity] of folders) if (!watched.has(folder)) begin(folder, identity);
    },
    close: () => {
      isClosed = true;
      for (const folder of [...watched.keys()]) forget(folder);
    },
  };
}

/** Links are followed so far, as the system does. */
const MAX_LINKS = 40;

/**
 * The folders in which something has to happen for a file to change, each with what tells it from another one that
 * takes its name: that of the file and, where it is a link, that of each file it leads to.
 */
async function foldersOf(files: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const folders = new Map<string, string>();
  for (const file of files) {
    let path: string | undefined = resolve(file);
    for (let links = 0; path !== undefined && links < MAX_LINKS; links++) {
      const folder = dirname(path);
      const identity = await identityOf(folder);
      if (identity !== undefined) folders.set(folder, identity);
      path = await linkedFrom(path);
    }
  }
  return folders;
}

async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeNs } = await stat(folder, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return undefined;
  }
}

async function linkedFrom(path: string): Promise<string | undefined> {
  try {
    if (!(await lstat(path)).isSymbolicLink()) return undefined;
    return resolve(dirname(path), await readlink(path));
  } catch {
    return undefined;
  }
}
