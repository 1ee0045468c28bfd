import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
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

/** Opens connections until some are refused. @returns what the page and the log then tell */
async function crowd(t: TestContext, env: Record<string, string>, args: readonly string[] = []) {
  const healthPort = await freePort();
  const service = await startServe(t, GATEWAY, {
    env: { TENUO_HEALTH_PORT: String(healthPort), ...env },
    args,
  });
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const open = async (): Promise<void> => {
    const socket = connect(service.port, "127.0.0.1");
    sockets.push(socket.on("error", () => {}));
    await once(socket, "connect");
  };
  let refused = 0;
  while (refused === 0) {
    await Promise.all(Array.from({ length: 64 }, open));
    refused = await metric(healthPort, "tenuo_connections_refused_total");
  }
  await waitFor("all to be counted", async () => {
    refused = await metric(healthPort, "tenuo_connections_refused_total");
    return refused + (await metric(healthPort, "tenuo_connections")) === sockets.length || undefined;
  });
  const told = () => service.lines().filter(({ event }) => event === "connections_refused");
  // Another thread writes the log.
  await waitFor("the line of the log", () => told().length > 0 || undefined);
  return { open: sockets.length - refused, told: told() };
}

test("more connections than the bound are closed at once, counted, and told of in one line of the log", async (t) => {
  const { open, told } = await crowd(t, { NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=36" });
  assert.equal(told.length, 1);
  assert.equal(
    told[0]?.["message"],
    `more than ${open} connections are open; with more memory there may be more`,
  );
});

test("the more memory a process may use, the more connections it takes; each worker so many", async (t) => {
  const small = await crowd(t, { NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=36" });
  const larger = await crowd(t, { NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=72" });
  const two = await crowd(t, { NODE_OPTIONS: "--max-semi-space-size=4 --max-old-space-size=36" }, [
    "--workers",
    "2",
  ]);
  assert.equal(larger.open - small.open, (36 * 1024) / 128);
  assert.equal(two.open, 2 * small.open);
});
