import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { checkHandler, guardedService } from "./check.ts";
import type { Log } from "./log.ts";
import { type Health, healthPages } from "./pages.ts";
import { createSharedPort } from "./shared-port.ts";
import type { Snapshot } from "./snapshot.ts";

export interface ServerOptions {
  readonly bind: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly healthBind: string;
  /** undefined: none. */
  readonly healthPort: number | undefined;
  /** How long to keep answering, already unready, before the connections are closed. */
  readonly drainSeconds: number;
  readonly version: string;
  readonly snapshot: () => Snapshot;
  readonly log: Log;
}

export interface RunningServer {
  readonly port: number;
  readonly healthPort: number | undefined;
  /** Goes unready, lets proxies notice, finishes what is in flight, and closes. */
  drain(): Promise<void>;
}

const AUTHORIZATION = "envoy.service.auth.v3.Authorization";
/**
 * Largest CheckRequest, in bytes. Above it gRPC itself answers with an error, which a proxy told to fail open
 * takes for an allow; so it lies far beyond what our own bounds let through to a decision.
 */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Calls still running this long after the drain began are cut off. */
const CLOSE_GRACE_MS = 5_000;

/** Starts listening. @throws {ListenError} when a port can't be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { snapshot, log } = options;
  let draining = false;
  const unready = (): readonly string[] => [...snapshot().unready, ...(draining ? ["shutting down"] : [])];

  const health = new HealthImplementation();
  const showHealth = (): void => {
    const status = unready().length === 0 ? "SERVING" : "NOT_SERVING";
    for (const service of ["", AUTHORIZATION]) health.setStatus(service, status);
  };
  showHealth();

  const grpc = new GrpcServer({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
  });
  grpc.addService(guardedService, {
    Check: checkHandler({ snapshot, log, now: () => Math.floor(Date.now() / 1000) }),
  });
  health.addToServer(grpc);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());

  const pages = healthSource(options, unready);
  const http = createHttpServer(healthPages(pages, true));
  const sockets = new Set<Socket>();
  const port = createSharedPort(
    (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      injector.injectConnection(socket);
    },
    (socket) => http.emit("connection", socket),
  );
  const healthServer = createHttpServer(healthPages(pages, false));

  await listen(port, options.port, options.bind, "--port");
  if (options.healthPort !== undefined) {
    try {
      await listen(healthServer, options.healthPort, options.healthBind, "--health-port");
    } catch (error) {
      port.close();
      throw error;
    }
  }

  return {
    port: portOf(port),
    healthPort: options.healthPort === undefined ? undefined : portOf(healthServer),
    drain: async () => {
      draining = true;
      showHealth();
      if (sockets.size > 0) await sleep(options.drainSeconds * 1000);
      const closed = new Promise<void>((resolve) => port.close(() => resolve()));
      injector.drain(CLOSE_GRACE_MS);
      http.closeAllConnections();
      await Promise.race([closed, sleep(CLOSE_GRACE_MS, undefined, { ref: false })]);
      injector.destroy();
      grpc.forceShutdown();
      healthServer.close();
      healthServer.closeAllConnections();
    },
  };
}

function healthSource({ snapshot, version }: ServerOptions, unready: Health["unready"]): Health {
  const started = performance.now();
  return {
    unready,
    status: () => {
      const { config, policy } = snapshot();
      return {
        version,
        uptime_secs: Math.floor((performance.now() - started) / 1000),
        cp: { enabled: false, status: "disabled", authorizer_id: null },
        mode: policy.mode,
        config: { sha256: config.sha256, loaded_at: config.loadedAt },
        trusted_roots: policy.trust.roots.size,
        revocation_list: null,
      };
    },
  };
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
