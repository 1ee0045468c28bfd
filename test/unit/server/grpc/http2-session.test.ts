import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerHttp2Session } from "node:http2";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { careFor } from "../../../../src/server/grpc/http2-session.ts";
import { KEEPALIVE_ANSWER_MS, KEEPALIVE_MS, RETIRE_MS } from "../../../../src/server/limits.ts";

/** A session whose peer takes nothing, so that it never lets go of its connection. */
function stuck(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const session = Object.assign(new EventEmitter(), {
    destroyed: false,
    destroy: () => {},
    close: () => {},
    ping: () => true,
  });
  const connection = new Duplex({ read: () => {}, write: () => {} });
  const cared = careFor(session as unknown as ServerHttp2Session, connection, Number.POSITIVE_INFINITY, {
    begun: () => {},
    ended: () => {},
  });
  return { connection, cared };
}

test("the connection of a peer that answers no ping is cut off, whatever it has yet to take", (t) => {
  const { connection } = stuck(t);
  t.mock.timers.tick(KEEPALIVE_MS);
  assert.equal(connection.destroyed, false);
  t.mock.timers.tick(KEEPALIVE_ANSWER_MS);
  assert.equal(connection.destroyed, true);
});

test("so is that of a peer that was told to go and doesn't", (t) => {
  const { connection, cared } = stuck(t);
  cared.retire();
  assert.equal(connection.destroyed, false);
  t.mock.timers.tick(RETIRE_MS);
  assert.equal(connection.destroyed, true);
});
