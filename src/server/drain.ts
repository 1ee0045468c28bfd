import { setTimeout as sleep } from "node:timers/promises";
import type { GrpcServer } from "./grpc/grpc-server.ts";
import { NOTICE_MS } from "./limits.ts";
import type { Log } from "./log/log.ts";
import type { CheckPort } from "./port/check-port.ts";

/** What of a running service has to come to an end. */
export interface Drained {
  readonly port: Pick<CheckPort, "server" | "sockets" | "proxies">;
  readonly grpc: GrpcServer;
}

/** Calls still running so long after their connections were told to go are cut off, so that nobody holds up the end. */
const CLOSE_GRACE_MS = 5_000;

/**
 * Serves for some time yet, since whoever sends checks here learns late that the service isn't ready any more, new
 * connections included. Then closes the port, tells proxies to go, and lets their calls end.
 */
export async function drain(
  { port: { server, sockets, proxies }, grpc }: Drained,
  drainSeconds: number,
  log: Log,
): Promise<void> {
  log.info(
    "stopping",
    `not ready any more, and answering for ${drainSeconds} s yet; a second signal stops at once`,
    { drain_seconds: drainSeconds, connections: proxies.size },
  );
  await sleep(drainSeconds * 1000);

  log.info("drained", "connections are told to go, and no new ones are taken", {
    connections: proxies.size,
    calls: grpc.calls(),
  });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  grpc.drain();
  // A proxy that has just connected still has to say so; then it is told to go as well.
  await Promise.race([closed, sleep(NOTICE_MS)]);
  for (const socket of sockets) if (!proxies.has(socket)) socket.destroy();
  const late = new AbortController();
  await Promise.race([closed, sleep(CLOSE_GRACE_MS, undefined, late).catch(() => {})]);
  late.abort();

  const left = [...sockets].filter((socket) => !socket.destroyed);
  const cutOff = { connections_cut_off: left.length, calls_cut_off: grpc.calls() };
  for (const socket of left) socket.destroy();
  log.info("stopped", "stopped", cutOff);
}
