import { createServer as createHttpServer, type ServerOptions as HttpServerOptions } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { createCheckService } from "./check/check.ts";
import { createWorkQueue, DEFAULT_MAX_INFLIGHT } from "./check/work-queue.ts";
import { drain } from "./drain.ts";
import { createGrpcServer } from "./grpc/grpc-server.ts";
import {
  HEALTH_CHECKING_MS,
  HEALTH_HEADERS_MS,
  HEALTH_REQUEST_MS,
  MAX_CONNECTIONS,
  MAX_HEALTH_CONNECTIONS,
  MAX_HEALTH_HEADER_BYTES,
} from "./limits.ts";
import type { Log } from "./log/log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import type { Outcome } from "./outcome.ts";
import { type Health, healthPages } from "./pages.ts";
import { createCheckPort } from "./port/check-port.ts";
import { listen } from "./port/listen.ts";
import { listenOnSocket, type UnixSocket } from "./port/unix-socket.ts";
import { unreadyReasons } from "./readiness.ts";
import { roomWithin } from "./room.ts";
import { seldom } from "./seldom.ts";
import type { Snapshot } from "./state/snapshot.ts";
import type { StateView } from "./state/state.ts";
import { statusOf } from "./status.ts";
import type { Tracer } from "./trace/trace.ts";

export interface ServerOptions {
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
  /** Checks that may wait for their turn, {@link DEFAULT_MAX_INFLIGHT} unless said; above it they are `overloaded`. */
  readonly maxInflight?: number;
  /** How long a proxy keeps a connection; for ever unless said. */
  readonly maxConnectionAgeSeconds?: number;
  readonly version: string;
  readonly state: StateView;
  readonly log: Log;
  /** None, unless spans are wanted. */
  readonly tracer?: Tracer | undefined;
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

/** How late a change of readiness may show in gRPC health; the pages tell it at once. */
const READINESS_INTERVAL_MS = 500;

/** Starts listening. @throws {ListenError} when a port can't be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { state, log, tracer, version } = options;
  const { snapshot } = state;
  const startedAt = performance.now();
  let draining: Promise<void> | undefined;
  const now = (): number => Math.floor(Date.now() / 1000);
  const unready = (): readonly string[] => [
    ...unreadyReasons(snapshot(), now()),
    ...(draining === undefined ? [] : ["shutting down"]),
  ];

  const room = roomWithin();
  const queue = createWorkQueue(options.maxInflight ?? DEFAULT_MAX_INFLIGHT, room);
  const isReady = (): boolean => unready().length === 0;
  const metrics =
    options.healthPort === undefined
      ? undefined
      : createMetrics({
          version,
          state,
          now,
          isReady,
          connections: () => port.sockets.size,
          inflight: queue.length,
          lostLines: log.lostLines,
        });
  const fault: Log["fault"] = (...cause) => {
    metrics?.fault();
    log.fault(...cause);
  };
  const tell = (outcome: Outcome, judgedBy: Snapshot): void => {
    try {
      metrics?.decision(outcome, judgedBy);
    } catch (error) {
      fault("a decision could not be counted", error, outcome.requestId);
    }
    log.decision(tracer === undefined ? outcome : tracer.trace(outcome), judgedBy);
  };
  const grpc = createGrpcServer(createCheckService({ snapshot, now, tell, fault }, queue), {
    maxArrivingBytes: room.arrivingBytes,
    maxAgeSeconds: options.maxConnectionAgeSeconds ?? Number.POSITIVE_INFINITY,
  });
  const showReadiness = (): boolean => {
    const ready = isReady();
    grpc.setServing(ready);
    return ready;
  };
  let wasReady = showReadiness();

  const pages: Health = {
    unready,
    status: () => statusOf(state, version, now(), Math.floor((performance.now() - startedAt) / 1000)),
  };
  const http = createHttpServer(healthPages(pages, true));
  const port = createCheckPort({ tls: () => snapshot().tls, grpc, pages: http, log });
  const warnOfCrowd = seldom((refused) =>
    log.warn("connections_refused", `more than ${MAX_CONNECTIONS} connections are open`, { refused }),
  );
  port.server.on("drop", () => {
    metrics?.connectionRefused();
    warnOfCrowd();
  });
  const healthServer = createHttpServer(HEALTH_SERVER_OPTIONS, healthPages(pages, false, metrics));
  healthServer.maxConnections = MAX_HEALTH_CONNECTIONS;

  if (options.socket === undefined) await listen(port.server, options.port, options.bind, "--port");
  else await listenOnSocket(port.server, options.socket);
  if (options.healthPort !== undefined) {
    try {
      await listen(healthServer, options.healthPort, options.healthBind, "--health-port");
    } catch (error) {
      port.server.close();
      throw error;
    }
  }

  // A revocation list gets too old by itself.
  const watch = setInterval(() => {
    const ready = showReadiness();
    if (ready && !wasReady) log.info("ready", "ready again");
    if (!ready && wasReady) log.warn("unready", unready().join("; "));
    wasReady = ready;
    port.retireStrangers();
  }, READINESS_INTERVAL_MS).unref();

  return {
    port: options.socket === undefined ? portOf(port.server) : 0,
    socket: options.socket?.path,
    healthPort: options.healthPort === undefined ? undefined : portOf(healthServer),
    drain: () => {
      draining ??= drain({ port, grpc }, options.drainSeconds, log).finally(() => {
        healthServer.close();
        healthServer.closeAllConnections();
      });
      clearInterval(watch);
      showReadiness();
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
