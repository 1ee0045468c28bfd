import { constants } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { HANDSHAKE_MS } from "../limits.ts";
import type { TlsCredentials } from "../state/tls-files.ts";

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

/** Sets up TLS on a connection that is handed to it. */
interface Terminator extends TlsServer {
  /** Only on one made for a connection. */
  readonly plain?: Socket;
}

/** A port where everything is TLS. @param inForce asked for each new connection */
export function createTlsPort(inForce: () => TlsCredentials, handshakes: Handshakes): Server {
  let current = inForce();
  let terminator = createTerminator(current, handshakes);
  // HTTP/2 would see to it, but it runs on a stream of ours and not on the connection.
  return createServer({ noDelay: true }, (plain) => {
    const tls = inForce();
    if (tls !== current) {
      current = tls;
      terminator = createTerminator(tls, handshakes);
    }
    // Asked now, as it can't be once the client is gone; the answer is kept.
    void plain.remoteAddress;
    // Node tells a server how its handshakes end, but not on which connections they began: so each has its own.
    const own: Terminator = Object.create(terminator, { plain: { value: plain } });
    own.emit("connection", plain);
  });
}

function createTerminator(tls: TlsCredentials, { done, failed }: Handshakes): Terminator {
  const { clientCa } = tls;
  const terminator: Terminator = createTlsServer({
    ...tls.secrets(),
    // Never one without the other: asked for certificates, but told of no CA, Node would believe every public one.
    ...(clientCa !== undefined && { requestCert: true, rejectUnauthorized: true, ca: clientCa }),
    minVersion: "TLSv1.2",
    secureOptions: SECURE_OPTIONS,
    ALPNProtocols: ["h2", "http/1.1"],
    handshakeTimeout: HANDSHAKE_MS,
  });
  terminator.on("secureConnection", function (this: Terminator, socket) {
    if (this.plain === undefined) socket.destroy();
    else done(socket, tls, this.plain);
  });
  terminator.on("tlsClientError", function (this: Terminator, error: NodeJS.ErrnoException, socket) {
    // Where a certificate is refused the error merely says that the connection is gone.
    failed(String(socket.authorizationError ?? error.code), this.plain?.remoteAddress);
    socket.destroy();
  });
  return terminator;
}
