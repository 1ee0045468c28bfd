import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { MAX_SOCKET_PATH_BYTES } from "../../../../src/server/limits.ts";
import { ListenError } from "../../../../src/server/port/listen.ts";
import { listenOnSocket } from "../../../../src/server/port/unix-socket.ts";

function openFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-unix-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function listening(t: TestContext, path: string, mode = 0o660, group?: string): Promise<Server> {
  const server = createServer();
  await listenOnSocket(server, { path, mode, ...(group !== undefined && { group }) });
  t.after(() => server.close());
  return server;
}

const closed = (server: Server) => new Promise((resolve) => server.close(resolve));

function refused(path: string, why: RegExp, group?: string): Promise<void> {
  const socket = { path, mode: 0o660, ...(group !== undefined && { group }) };
  return assert.rejects(listenOnSocket(createServer(), socket), (error) => {
    assert.ok(error instanceof ListenError);
    assert.match(error.message, why);
    return true;
  });
}

test("a socket has its mode and its group, nothing else is left in its folder, and it goes with the server", async (t) => {
  const path = join(openFolder(t), "new", "a.sock");
  const mask = process.umask();
  const server = await listening(t, path, 0o606, String(process.getgid?.()));
  assert.equal(process.umask(), mask);
  assert.equal(lstatSync(path).mode & 0o777, 0o606);
  assert.equal(lstatSync(path).gid, process.getgid?.());
  assert.deepEqual(readdirSync(join(path, "..")), ["a.sock"]);
  await closed(server);
  assert.equal(existsSync(path), false);
});

test("nobody can connect before the mode is set", async (t) => {
  const folder = openFolder(t);
  const modes = new Set<number>();
  const server = createServer();
  // Told when the socket is there, and before its mode is set.
  server.prependListener("listening", () => {
    for (const name of readdirSync(folder)) modes.add(lstatSync(join(folder, name)).mode & 0o777);
  });
  await listenOnSocket(server, { path: join(folder, "a.sock"), mode: 0o666 });
  t.after(() => server.close());
  assert.deepEqual([...modes], [0]);
});

test("a socket that nobody listens on is replaced, and one that somebody does is refused", async (t) => {
  const folder = openFolder(t);
  const path = join(folder, "a.sock");
  const first = await listening(t, path);
  await refused(path, /another process listens there/);
  // As a crash leaves it: still there, with nobody behind it.
  renameSync(path, join(folder, "kept"));
  await closed(first);
  renameSync(join(folder, "kept"), path);
  await listening(t, path);
});

test("a socket that another process has put there isn't removed at the end", async (t) => {
  const path = join(openFolder(t), "a.sock");
  const first = await listening(t, path);
  rmSync(path);
  await listening(t, path);
  await closed(first);
  assert.ok(existsSync(path));
});

test("where the path is anything but a socket, or too long, it is refused and left alone", async (t) => {
  const folder = openFolder(t);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at("file"), "");
  mkdirSync(at("folder"));
  symlinkSync(at("nowhere"), at("link"));
  await refused(at("file"), /is not a socket/);
  await refused(at("folder"), /is not a socket/);
  await refused(at("link"), /is a symbolic link/);
  await refused(join(at("file"), "a.sock"), /is not a folder/);
  await refused(at("no/such/a.sock"), /folder above it is missing/);
  await refused(at("x".repeat(MAX_SOCKET_PATH_BYTES - folder.length)), /longer than 100 bytes/);
  assert.deepEqual(readdirSync(folder).sort(), ["file", "folder", "link"]);
  const longest = at("x".repeat(MAX_SOCKET_PATH_BYTES - folder.length - 1));
  await listening(t, longest);
});

test("a folder in which others may write is refused, sticky or not", async (t) => {
  for (const mode of [0o775, 0o757, 0o1777]) {
    const folder = openFolder(t);
    chmodSync(folder, mode);
    await refused(join(folder, "a.sock"), /others may write to this folder/);
  }
});

test("what keeps the socket from being made is told of its own path", async () => {
  await refused("/proc/authz.sock", /^\/proc\/authz\.sock: /);
});

test("a group that doesn't exist is refused before anything is made", async (t) => {
  const folder = openFolder(t);
  await refused(
    join(folder, "a.sock"),
    /--socket-group no-such-group: .* has no such group/,
    "no-such-group",
  );
  assert.deepEqual(readdirSync(folder), []);
  if (process.getuid?.() === 0) {
    await listening(t, join(folder, "a.sock"), 0o660, "daemon");
    assert.notEqual(lstatSync(join(folder, "a.sock")).gid, 0);
  }
});
