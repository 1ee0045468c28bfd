import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

/**
 * A TLS connection on which HTTP/2 isn't the only one that writes.
 *
 * Node's HTTP/2 writes to a TLS socket past JavaScript, and if anybody else writes meanwhile, Node aborts the process.
 * So it gets this stream, in which all writes queue.
 */
export function oneWriter(socket: TLSSocket): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    writev: (chunks, done) => void socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => {
    if (!stream.push(chunk)) socket.pause();
  });
  // Not the end of reading alone: HTTP/2 doesn't read while it writes, and of a write to a peer that is gone Node may never
  // tell what came.
  socket.on("end", () => stream.destroy());
  socket.on("close", () => stream.destroy());
  return stream;
}
