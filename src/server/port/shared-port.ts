import type { Socket } from "node:net";
import { OPENING_MS } from "../limits.ts";

/** An HTTP/2 connection begins with `PRI * HTTP/2.0` (RFC 9113 §3.4), and no HTTP/1.1 request does. */
const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** The head of the SETTINGS frame that a client sends right behind it. */
const FRAME_HEAD_BYTES = 9;

/**
 * Tells HTTP/2 from HTTP/1.1 by the first bytes, so that gRPC and the health pages share one port.
 *
 * @param socket TLS on it is over, if there is any
 * @param receivers take over a connection, its first bytes put back
 */
export function receive<Connection extends Socket>(
  socket: Connection,
  receivers: { readonly http2: (socket: Connection) => void; readonly http1: (socket: Connection) => void },
): void {
  // The receivers bring their own error handlers; this one covers the time before.
  socket.on("error", () => socket.destroy());
  const deadline = setTimeout(() => socket.destroy(), OPENING_MS);
  socket.once("close", () => clearTimeout(deadline));
  let seen = Buffer.alloc(0);
  const look = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read())
      seen = Buffer.concat([seen, chunk]);
    const compared = Math.min(seen.length, HTTP2_PREFACE.length);
    const isHttp2 = seen.subarray(0, compared).equals(HTTP2_PREFACE.subarray(0, compared));
    if (isHttp2 && seen.length < HTTP2_PREFACE.length + FRAME_HEAD_BYTES) return;
    clearTimeout(deadline);
    socket.off("readable", look);
    socket.unshift(seen);
    receivers[isHttp2 ? "http2" : "http1"](socket);
  };
  socket.on("readable", look);
}
