import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex } from "node:stream";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { oneWriter } from "../../../../src/server/grpc/one-writer.ts";

test("a peer that went while a write was under way leaves nothing open, though nobody reads or hears of the write", {
  timeout: 10_000,
}, async () => {
  // As TLS does now and then when a connection is reset: it ends, and the write is never done.
  const socket = new Duplex({ read: () => {}, write: () => {} });
  const stream = oneWriter(socket as TLSSocket);
  stream.write("answer");
  stream.pause();
  const closed = [once(socket, "close"), once(stream, "close")];
  socket.push(null);
  await Promise.all(closed);
  assert.ok(socket.destroyed && stream.destroyed);
});
