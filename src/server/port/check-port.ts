import type { Server as HttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { GrpcServer } from "../grpc/grpc-server.ts";
import { oneWriter } from "../grpc/one-writer.ts";
import { PROBE_MS } from "../limits.ts";
import type { Log } from "../log/log.ts";
import type { TlsCredentials } from "../state/tls-files.ts";
import { handshakeFailures } from "./handshake-failure.ts";
import { receive } from "./shared-port.ts";
import { createTlsPort } from "./tls-port.ts";

/** The port of the checks: gRPC and the health pages, with TLS or without. */
export interface CheckPort {
  readonly server: Server;
  /** All connections; from the end of its handshake on, the one inside of TLS. */
  readonly sockets: ReadonlySet<Socket>;
  /** Those that speak gRPC. */
  readonly proxies: ReadonlySet<Socket>;
  /** Tells those proxies to go whose certificates were believed by CAs that aren't in force any more. */
  readonly retireStrangers: () => void;
}

interface CheckPortOptions {
  /** What is in force; undefined, now and for ever: no TLS. */
  readonly tls: () => TlsCredentials | undefined;
  readonly grpc: GrpcServer;
  /** It listens nowhere by itself. */
  readonly pages: HttpServer;
  readonly log: Log;
}

export function createCheckPort({ tls, grpc, pages, log }: CheckPortOptions): CheckPort {
  const sockets = new Set<Socket>();
  const proxies = new Set<Socket>();
  const checks = new Set<() => void>();

  const http1 = (socket: Socket): void => {
    // Node times out slow requests only on servers that listen by themselves.
    const late = setTimeout(() => socket.destroy(), PROBE_MS).unref();
    socket.once("close", () => clearTimeout(late));
    pages.emit("connection", socket);
  };
  const first = tls();
  if (first === undefined) {
    const server = createServer((socket) => {
      remember(sockets, socket);
      receive(socket, { http1, http2: () => grpc.accept(remember(proxies, socket)) });
    });
    return { server, sockets, proxies, retireStrangers: () => {} };
  }

  const inForce = (): TlsCredentials => tls() ?? first;
  const server = createTlsPort(inForce, {
    failed: handshakeFailures(log),
    done: (socket, { clientCa }, plain) => {
      sockets.delete(plain);
      remember(sockets, socket);
      const http2 = (): void => {
        const session = grpc.accept(oneWriter(remember(proxies, socket)));
        const check = (): void => {
          if (inForce().clientCa !== clientCa) session?.retire();
        };
        checks.add(check);
        socket.once("close", () => checks.delete(check));
      };
      receive(socket, { http1, http2 });
    },
  });
  server.on("connection", (socket) => remember(sockets, socket));
  return {
    server,
    sockets,
    proxies,
    retireStrangers: () => {
      for (const check of checks) check();
    },
  };
}

function remember<Connection extends Socket>(sockets: Set<Socket>, socket: Connection): Connection {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  return socket;
}
