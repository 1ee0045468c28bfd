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
  socket.on("end", () => stream.push(null));
  socket.on("close", () => stream.destroy());
  return stream;
}
