import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { connect, type Server } from "node:net";
import { dirname, join, resolve } from "node:path";
import { MAX_SOCKET_PATH_BYTES } from "../limits.ts";
import { groupId } from "./group-id.ts";
import { ListenError } from "./listen.ts";

/** A Unix socket to listen on. */
export interface UnixSocket {
  readonly path: string;
  /** Permissions; whoever may write may connect. */
  readonly mode: number;
  /** Name or number; the group of the process unless given. */
  readonly group?: string;
}

/** Others than the owner that may write to a folder, and so put another socket in the place of ours. */
const WRITABLE_BY_OTHERS = 0o022;
/** The folder, where it has to be made. */
const FOLDER_MODE = 0o755;

/**
 * Listens on a Unix socket. It appears at its path once it has its mode and its group, and goes away when the server is
 * closed.
 *
 * @throws {ListenError} that says what to do
 */
export async function listenOnSocket(
  server: Server,
  { path: given, mode, group }: UnixSocket,
): Promise<void> {
  const path = resolve(given);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    throw new ListenError(
      `${path}: is longer than ${MAX_SOCKET_PATH_BYTES} bytes; choose a shorter path with --socket`,
    );
  const gid = group === undefined ? undefined : groupId(group);
  prepareFolder(dirname(path));
  await refuseAnothers(path);

  // Under another name, as Node removes what it has bound even if that isn't its own any more.
  const bound = `${path}.${randomBytes(3).toString("hex")}`;
  try {
    await bind(server, bound);
    if (gid !== undefined) chownSync(bound, -1, gid);
    chmodSync(bound, mode);
    renameSync(bound, path);
  } catch (error) {
    server.close();
    rmSync(bound, { force: true });
    throw new ListenError(whyNot(path, error, group));
  }
  const ours = lstatSync(path);
  server.once("close", () => {
    const now = statusOf(path);
    if (now !== undefined && isSame(now, ours)) unlinkSync(path);
  });
}

/** Whoever can write to the folder could put a socket of its own in the place of ours, and answer for us. */
function prepareFolder(folder: string): void {
  let status: Stats;
  try {
    if (statusOf(folder) === undefined) mkdirSync(folder, { mode: FOLDER_MODE });
    status = statSync(folder);
  } catch (error) {
    throw new ListenError(whyNot(folder, error));
  }
  if (!status.isDirectory()) throw new ListenError(`${folder}: is not a folder, so no socket can be in it`);
  if ((status.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new ListenError(
      `${folder}: others may write to this folder, and so replace the socket; use a folder of its own, such as ${join(folder, "tenuo")}, which is made if it is missing`,
    );
  }
  if (status.uid !== 0 && status.uid !== process.geteuid?.()) {
    throw new ListenError(
      `${folder}: belongs to another user, who could replace the socket; use a folder of this user or of root`,
    );
  }
}

/** Removes a socket that nobody listens on any more. @throws {ListenError} where the path is taken */
async function refuseAnothers(path: string): Promise<void> {
  const found = statusOf(path);
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw new ListenError(`${path}: is a symbolic link; name the socket itself`);
  if (!found.isSocket()) throw new ListenError(`${path}: is not a socket; remove it, or choose another path`);
  const code = await connectionError(path);
  if (code === "ENOENT") return;
  if (code === undefined || code === "EAGAIN")
    throw new ListenError(`${path}: another process listens there; stop it, or choose another path`);
  if (code !== "ECONNREFUSED")
    throw new ListenError(
      `${path}: can't tell whether another process listens there (${code}); remove it if none does`,
    );
  const now = statusOf(path);
  if (now !== undefined && isSame(now, found)) unlinkSync(path);
}

/** Why there can be no connection; undefined: there is one. */
function connectionError(path: string): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      done(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code ?? "unknown"));
  });
}

/** Nobody may connect before the mode is set. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    const mask = process.umask(0o777);
    try {
      server.listen({ path }, () => {
        server.off("error", fail);
        done();
      });
    } finally {
      process.umask(mask);
    }
  });
}

function statusOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function whyNot(path: string, error: unknown, group?: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EPERM" && group !== undefined)
    return `${path}: this user may not give the socket to group \`${group}\`; it must be a member of it`;
  switch (code) {
    case "EACCES":
      return `${path}: this user may not create it there`;
    case "EROFS":
      return `${path}: the file system is read-only; mount a writable one there`;
    case "ENOENT":
      return `${path}: the folder above it is missing`;
    default:
      return `${path}: can't listen there: ${message}`;
  }
}
