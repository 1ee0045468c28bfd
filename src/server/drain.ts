import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Checks } from "./checks.ts";
import type { Log } from "./log/log.ts";

/** What the system has to forget a port whose connections have ended; it needs no time but a turn of the event loop. */
const FORGET_MS = 1_000;

/**
 * Serves for some time yet, since whoever sends checks here learns late that the service isn't ready any more, new
 * connections included. Then closes the port, tells proxies to go, and lets their calls end.
 */
export async function drain(
  { server, census, finish }: Pick<Checks, "server" | "census" | "finish">,
  drainSeconds: number,
  log: Log,
): Promise<void> {
  log.info(
    "stopping",
    `not ready any more, and answering for ${drainSeconds} s yet; a second signal stops at once`,
    { drain_seconds: drainSeconds, connections: (await census()).proxies },
  );
  await sleep(drainSeconds * 1000);

  const { proxies, calls } = await census();
  log.info("drained", "connections are told to go, and no new ones are taken", {
    connections: proxies,
    calls,
  });
  const closed = once(server, "close");
  server.close();
  const cutOff = await finish();
  await Promise.race([closed, sleep(FORGET_MS, undefined, { ref: false })]);
  log.info("stopped", "stopped", {
    connections_cut_off: cutOff.connections,
    calls_cut_off: cutOff.calls,
  });
}
