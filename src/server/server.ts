import type { ServerOptions as HttpServerOptions } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { type AnswerTerms, createAnswerer } from "./answerer.ts";
import type { Checks } from "./checks.ts";
import { drain } from "./drain.ts";
import { createServer as createHttpServer } from "./http.ts";
import {
  HEALTH_CHECKING_MS,
  HEALTH_HEADERS_MS,
  HEALTH_REQUEST_MS,
  MAX_HEALTH_CONNECTIONS,
  MAX_HEALTH_HEADER_BYTES,
  READINESS_INTERVAL_MS,
} from "./limits.ts";
import type { Log } from "./log/log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { healthPages } from "./pages.ts";
import { listen } from "./port/listen.ts";
import { listenOnSocket, type UnixSocket } from "./port/unix-socket.ts";
import { createReadiness } from "./readiness.ts";
import { roomWithin } from "./room.ts";
import { seldom } from "./seldom.ts";
import type { StateView } from "./state/state.ts";
import { healthOf } from "./status.ts";
import type { Tracer } from "./trace/trace.ts";
import { unixNow } from "./unix-now.ts";
import type { Team } from "./workers/team.ts";

export interface ServerOptions extends AnswerTerms {
  /** In place of `bind` and `port`. */
  readonly socket?: UnixSocket;
  readonly bind: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly healthBind: string;
  /** undefined: none. */
  readonly healthPort: number | undefined;
  /** How long to keep answering, already unready, before the connections are closed. */
  readonly drainSeconds: number;
  readonly version: string;
  readonly state: StateView;
  readonly log: Log;
  /** None, unless spans are wanted. */
  readonly tracer?: Tracer | undefined;
  /** Who answer checks; this process unless said. */
  readonly team?: Team | undefined;
}

export interface RunningServer {
  /** 0 on a Unix socket. */
  readonly port: number;
  /** The path of that. */
  readonly socket: string | undefined;
  readonly healthPort: number | undefined;
  /** Goes unready, lets proxies notice, finishes what is in flight, and closes. Asked again, it goes on. */
  drain(): Promise<void>;
}

/** Starts listening. @throws {ListenError} when a port can't be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { state, log, tracer, version, team } = options;
  const { snapshot } = state;
  const startedAt = performance.now();
  const { unready, leave } = createReadiness(snapshot, unixNow, team?.unready);
  const isReady = (): boolean => unready().length === 0;
  const health = healthOf(state, version, startedAt, unready);

  const metrics =
    options.healthPort === undefined
      ? undefined
      : createMetrics({
          version,
          state,
          now: unixNow,
          isReady,
          connections: () => checks.connections(),
          inflight: () => checks.inflight(),
          lostLines: log.lostLines,
          workers: team,
        });
  const checks: Checks =
    team ?? createAnswerer({ ...options, snapshot, now: unixNow, health, log, metrics, tracer });
  const warnOfCrowd = seldom((refused) =>
    log.warn(
      "connections_refused",
      `more than ${roomWithin().connections} connections are open${team === undefined ? "" : " on each worker"}; with more memory there may be more`,
      { refused },
    ),
  );
  checks.server.on("drop", () => {
    metrics?.connectionRefused();
    warnOfCrowd();
  });
  const healthServer = createHttpServer(HEALTH_SERVER_OPTIONS, healthPages(health, false, metrics));
  healthServer.maxConnections = MAX_HEALTH_CONNECTIONS;

  if (options.socket === undefined) await listen(checks.server, options.port, options.bind, "--port");
  else await listenOnSocket(checks.server, options.socket);
  if (options.healthPort !== undefined) {
    try {
      await listen(healthServer, options.healthPort, options.healthBind, "--health-port");
    } catch (error) {
      checks.server.close();
      throw error;
    }
  }

  // A revocation list gets too old by itself.
  let wasReady = isReady();
  const watch = setInterval(() => {
    const ready = isReady();
    if (ready && !wasReady) log.info("ready", "ready again");
    if (!ready && wasReady) log.warn("unready", unready().join("; "));
    wasReady = ready;
    checks.look();
  }, READINESS_INTERVAL_MS).unref();

  let draining: Promise<void> | undefined;
  return {
    port: options.socket === undefined ? portOf(checks.server) : 0,
    socket: options.socket?.path,
    healthPort: options.healthPort === undefined ? undefined : portOf(healthServer),
    drain: () => {
      clearInterval(watch);
      leave();
      checks.leave();
      draining ??= drain(checks, options.drainSeconds, log).finally(() => {
        healthServer.close();
        healthServer.closeAllConnections();
      });
      return draining;
    },
  };
}

const HEALTH_SERVER_OPTIONS: HttpServerOptions = {
  requestTimeout: HEALTH_REQUEST_MS,
  headersTimeout: HEALTH_HEADERS_MS,
  connectionsCheckingInterval: HEALTH_CHECKING_MS,
  maxHeaderSize: MAX_HEALTH_HEADER_BYTES,
};

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}
