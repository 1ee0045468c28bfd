import { AsyncLocalStorage } from "node:async_hooks";
import { constants } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { HANDSHAKE_MS } from "./limits.ts";
import type { TlsCredentials } from "./tls-files.ts";

/** What becomes of a connection on which TLS begins. */
export interface Handshakes {
  /**
   * The client is believed, where a certificate is asked for.
   *
   * @param tls with what the connection was set up
   * @param plain the connection below
   */
  readonly done: (socket: TLSSocket, tls: TlsCredentials, plain: Socket) => void;
  /** @param client its address, if it still had one when it came */
  readonly failed: (code: string, client: string | undefined) => void;
}

/**
 * No session is resumed, as that would go without the check of the client's certificate, and proxies connect seldom;
 * and none is renegotiated, which is work for nothing.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

/** A port where everything is TLS. @param inForce asked for each new connection */
export function createTlsPort(inForce: () => TlsCredentials, handshakes: Handshakes): Server {
  // Node tells of a handshake's end without saying on which connection it began.
  const below = new AsyncLocalStorage<Socket>();
  let current = inForce();
  let terminator = createTerminator(current, below, handshakes);
  return createServer((socket) => {
    const tls = inForce();
    if (tls !== current) {
      current = tls;
      terminator = createTerminator(tls, below, handshakes);
    }
    // Asked now, as it can't be once the client is gone.
    void socket.remoteAddress;
    below.run(socket, () => terminator.emit("connection", socket));
  });
}

/** Sets up TLS on connections that are handed to it. */
function createTerminator(
  tls: TlsCredentials,
  below: AsyncLocalStorage<Socket>,
  { done, failed }: Handshakes,
): TlsServer {
  const { clientCa } = tls;
  const server = createTlsServer({
    ...tls.secrets(),
    // Never one without the other: asked for certificates, but told of no CA, Node would believe every public one.
    ...(clientCa !== undefined && { requestCert: true, rejectUnauthorized: true, ca: clientCa }),
    minVersion: "TLSv1.2",
    secureOptions: SECURE_OPTIONS,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: HANDSHAKE_MS,
  });
  server.on("secureConnection", (socket) => {
    const plain = below.getStore();
    if (plain === undefined) socket.destroy();
    else done(socket, tls, plain);
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    // Where a certificate is refused the error merely says that the connection is gone.
    failed(String(socket.authorizationError ?? error.code), below.getStore()?.remoteAddress);
    socket.destroy();
  });
  return server;
}
