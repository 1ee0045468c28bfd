import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { MAX_CONNECTIONS } from "../../src/server/limits.ts";
import { freePort } from "../support/free-port.ts";
import { metric } from "../support/metric.ts";
import { startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const GATEWAY = `
version: "2"
settings: {trusted_roots: ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]}
tools: {}
routes: []
`;

test("more connections than the bound are closed at once, counted, and told of in one line of the log", async (t) => {
  const healthPort = await freePort();
  const service = await startServe(t, GATEWAY, { env: { TENUO_HEALTH_PORT: String(healthPort) } });
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = async (): Promise<void> => {
    const socket = connect(service.port, "127.0.0.1");
    sockets.push(socket.on("error", () => {}));
    await once(socket, "connect");
  };
  const refused = 5;
  const wanted = MAX_CONNECTIONS + refused;
  while (sockets.length < wanted) {
    await Promise.all(Array.from({ length: Math.min(256, wanted - sockets.length) }, open));
  }
  await waitFor("the refused ones to be counted", async () =>
    (await metric(healthPort, "tenuo_connections_refused_total")) === refused ? true : undefined,
  );
  assert.equal(await metric(healthPort, "tenuo_connections"), MAX_CONNECTIONS);
  const told = () => service.lines().filter(({ event }) => event === "connections_refused").length;
  // Another thread writes the log.
  await waitFor("the line of the log", () => told() > 0 || undefined);
  assert.equal(told(), 1);
});
