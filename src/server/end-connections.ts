import { setTimeout as sleep } from "node:timers/promises";
import type { CutOff } from "./checks.ts";
import type { GrpcServer } from "./grpc/grpc-server.ts";
import { NOTICE_MS } from "./limits.ts";
import type { CheckPort } from "./port/check-port.ts";

/** Calls still running so long after their connections were told to go are cut off, so that nobody holds up the end. */
const CLOSE_GRACE_MS = 5_000;

/** Tells proxies to go, and lets their calls end. No connection is taken any more. */
export async function endConnections(
  { sockets, proxies }: Pick<CheckPort, "sockets" | "proxies">,
  grpc: GrpcServer,
): Promise<CutOff> {
  const closed = untilNoneIsLeft(sockets);
  grpc.drain();
  // A proxy that has just connected still has to say so; then it is told to go as well.
  await Promise.race([closed, sleep(NOTICE_MS)]);
  for (const socket of sockets) if (!proxies.has(socket)) socket.destroy();
  const late = new AbortController();
  await Promise.race([closed, sleep(CLOSE_GRACE_MS, undefined, late).catch(() => {})]);
  late.abort();

  const left = [...sockets].filter((socket) => !socket.destroyed);
  const cutOff = { connections: left.length, calls: grpc.calls() };
  for (const socket of left) socket.destroy();
  return cutOff;
}

async function untilNoneIsLeft(sockets: CheckPort["sockets"]): Promise<void> {
  for (const socket of sockets) await new Promise((closed) => socket.once("close", closed));
}
