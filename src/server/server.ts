import { createServer as createHttpServer, type ServerOptions as HttpServerOptions } from "node:http";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { countIds } from "../warrant/packed-ids.ts";
import type { RevocationList } from "../warrant/revocation-list.ts";
import { createCheckService } from "./check.ts";
import { createGrpcServer } from "./grpc-server.ts";
import {
  CROWD_WARNING_MS,
  HEALTH_CHECKING_MS,
  HEALTH_HEADERS_MS,
  HEALTH_REQUEST_MS,
  MAX_CONNECTIONS,
  MAX_HEALTH_CONNECTIONS,
  MAX_HEALTH_HEADER_BYTES,
  PROBE_MS,
} from "./limits.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { type Health, healthPages } from "./pages.ts";
import { unreadyReasons } from "./readiness.ts";
import { createSharedPort } from "./shared-port.ts";
import type { Snapshot } from "./snapshot.ts";
import type { FailedReload } from "./state.ts";
import { createWorkQueue, DEFAULT_MAX_INFLIGHT } from "./work-queue.ts";

export interface ServerOptions {
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
  readonly snapshot: () => Snapshot;
  /** Shown on /status. */
  readonly failedReload?: () => FailedReload | undefined;
  readonly log: Log;
}

export interface RunningServer {
  readonly port: number;
  readonly healthPort: number | undefined;
  /** Goes unready, lets proxies notice, finishes what is in flight, and closes. */
  drain(): Promise<void>;
}

/** How late a change of readiness may show in gRPC health; the pages tell it at once. */
const READINESS_INTERVAL_MS = 1_000;
/** Calls still running this long after the drain began are cut off. */
const CLOSE_GRACE_MS = 5_000;

/** Starts listening. @throws {ListenError} when a port can't be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { snapshot, log } = options;
  let draining = false;
  const now = (): number => Math.floor(Date.now() / 1000);
  const unready = (): readonly string[] => [
    ...unreadyReasons(snapshot(), now()),
    ...(draining ? ["shutting down"] : []),
  ];

  const queue = createWorkQueue(options.maxInflight ?? DEFAULT_MAX_INFLIGHT);
  const sockets = new Set<Socket>();
  const metrics = createMetrics({ connections: () => sockets.size, inflight: queue.length });
  const { overloaded } = metrics;
  const grpc = createGrpcServer(createCheckService({ snapshot, now, log, overloaded }, queue), {
    maxAgeSeconds: options.maxConnectionAgeSeconds ?? Number.POSITIVE_INFINITY,
  });
  const showReadiness = (): boolean => {
    const isReady = unready().length === 0;
    grpc.setServing(isReady);
    return isReady;
  };
  let wasReady = showReadiness();

  const pages = healthSource(options, unready, now);
  const http = createHttpServer(healthPages(pages, true));
  const proxies = new Set<Socket>();
  const port = createSharedPort(
    (socket) => grpc.accept(remember(proxies, socket)),
    (socket) => {
      // Node times out slow requests only on servers that listen by themselves.
      const late = setTimeout(() => socket.destroy(), PROBE_MS).unref();
      socket.once("close", () => clearTimeout(late));
      http.emit("connection", socket);
    },
  );
  port.on("connection", (socket) => remember(sockets, socket));
  const warn = crowdWarning(log);
  port.on("drop", () => {
    metrics.connectionRefused();
    warn();
  });
  const healthServer = createHttpServer(HEALTH_SERVER_OPTIONS, healthPages(pages, false, metrics));
  healthServer.maxConnections = MAX_HEALTH_CONNECTIONS;

  await listen(port, options.port, options.bind, "--port");
  if (options.healthPort !== undefined) {
    try {
      await listen(healthServer, options.healthPort, options.healthBind, "--health-port");
    } catch (error) {
      port.close();
      throw error;
    }
  }

  // A revocation list gets too old by itself.
  const watch = setInterval(() => {
    const isReady = showReadiness();
    if (isReady && !wasReady) log.info("ready", "ready again");
    if (!isReady && wasReady) log.warn("unready", unready().join("; "));
    wasReady = isReady;
  }, READINESS_INTERVAL_MS).unref();

  return {
    port: portOf(port),
    healthPort: options.healthPort === undefined ? undefined : portOf(healthServer),
    drain: async () => {
      draining = true;
      clearInterval(watch);
      showReadiness();
      if (proxies.size > 0) await sleep(options.drainSeconds * 1000);
      const closed = new Promise<void>((resolve) => port.close(() => resolve()));
      grpc.drain(CLOSE_GRACE_MS);
      for (const socket of sockets) if (!proxies.has(socket)) socket.destroy();
      await Promise.race([closed, sleep(CLOSE_GRACE_MS, undefined, { ref: false })]);
      for (const socket of sockets) socket.destroy();
      healthServer.close();
      healthServer.closeAllConnections();
    },
  };
}

const HEALTH_SERVER_OPTIONS: HttpServerOptions = {
  requestTimeout: HEALTH_REQUEST_MS,
  headersTimeout: HEALTH_HEADERS_MS,
  connectionsCheckingInterval: HEALTH_CHECKING_MS,
  maxHeaderSize: MAX_HEALTH_HEADER_BYTES,
};

/** Says that connections are refused; not for each of them. */
function crowdWarning(log: Log): () => void {
  let refused = 0;
  let nextAt = 0;
  return () => {
    refused++;
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + CROWD_WARNING_MS;
    log.warn("connections_refused", `more than ${MAX_CONNECTIONS} connections are open`, { refused });
  };
}

function remember(sockets: Set<Socket>, socket: Socket): Socket {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return socket;
}

function healthSource(
  { snapshot, failedReload, version }: ServerOptions,
  unready: Health["unready"],
  now: () => number,
): Health {
  const started = performance.now();
  return {
    unready,
    status: () => {
      const { config, policy } = snapshot();
      const { roots, revocation } = policy.trust;
      const failed = failedReload?.();
      return {
        version,
        uptime_secs: Math.floor((performance.now() - started) / 1000),
        cp: { enabled: false, status: "disabled", authorizer_id: null },
        mode: policy.mode,
        config: {
          sha256: config.sha256,
          loaded_at: config.loadedAt,
          // What the errors quote of the files is for the log alone.
          failed_reload: failed === undefined ? null : { at: failed.at, errors: failed.errors.length },
        },
        trusted_roots: roots.size,
        revocation_list: revocation === undefined ? null : listStatus(revocation.list, now()),
      };
    },
  };
}

/** What the log and /status tell of a list at `now` (Unix seconds). */
export function listStatus({ version, ids, issuedAt }: RevocationList, now: number) {
  return { version: Number(version), entries: countIds(ids), age_secs: now - issuedAt };
}

/** A port that can't be listened on; the message says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

function listen(server: NetServer, port: number, host: string, flag: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ListenError(whyNot(error, port, host, flag))),
    );
    server.listen({ port, host }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

function whyNot(error: NodeJS.ErrnoException, port: number, host: string, flag: string): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is taken; stop what uses it or choose another with ${flag}`;
    case "EACCES":
      return `this user may not listen on port ${port}; choose one above 1023 with ${flag}`;
    case "EADDRNOTAVAIL":
      return `${host} is not an address of this machine; choose another with ${flag === "--port" ? "--bind" : "--health-bind"}`;
    default:
      return `can't listen on ${host}:${port}: ${error.message}`;
  }
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}
