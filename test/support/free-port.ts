import { randomInt } from "node:crypto";
import { createServer, type Server } from "node:net";

const HOST = "127.0.0.1";
/** All of them are below those that systems give to outgoing connections and to whoever asks for any port. */
const FIRST = 16_000;
const BLOCKS = 160;
/** The first port of each marks it as taken; the others are handed out. */
const BLOCK_SIZE = 100;

/** Of this process, until it ends. */
let block: Promise<number> | undefined;
let next = 1;

/**
 * A free port of loopback, that no other process of tests gets meanwhile, however late it is listened on.
 *
 * @param count of ports in a row
 * @returns the first of them
 */
export async function freePort(count = 1): Promise<number> {
  block ??= ownBlock();
  const start = await block;
  for (let tried = 0; tried < BLOCK_SIZE; tried++) {
    if (next + count > BLOCK_SIZE) next = 1;
    const first = start + next;
    next += count;
    const row = Array.from({ length: count }, (_, i) => isFree(first + i));
    if ((await Promise.all(row)).every(Boolean)) return first;
  }
  throw new Error(`no port from ${start} to ${start + BLOCK_SIZE - 1} is free`);
}

async function ownBlock(): Promise<number> {
  const some = randomInt(BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const start = FIRST + ((some + i) % BLOCKS) * BLOCK_SIZE;
    const mark = await listenAt(start);
    if (mark === undefined) continue;
    mark.unref();
    return start;
  }
  throw new Error(`all ports from ${FIRST} on are taken`);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listenAt(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}

/** @returns undefined where somebody else listens */
function listenAt(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, HOST, () => resolve(server));
  });
}
