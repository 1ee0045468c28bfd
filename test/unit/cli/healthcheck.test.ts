import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { asServed } from "../../../src/cli/healthcheck.ts";
import { readPlace } from "../../../src/cli/listening.ts";
import { run } from "../../../src/cli/run.ts";
import { oneTool } from "../../support/asking.ts";
import { freePort } from "../../support/free-port.ts";
import { inputWith } from "../../support/input.ts";
import { createPki, noPki } from "../../support/pki.ts";
import { startServe } from "../../support/service.ts";
import { newKey } from "../../support/warrants.ts";

const root = newKey();

async function healthcheck(...args: readonly string[]) {
  let stdout = "";
  const code = await run(["healthcheck", ...args], {
    variables: {},
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => assert.fail(text),
    stopped: async () => {},
    isTerminal: true,
    program: "",
    onHangup: () => {},
  });
  return { code, stdout };
}

test("who is ready is healthy, asked on the health port, or on that for checks where there is none", async (t) => {
  const health = String(await freePort());
  const { port } = await startServe(t, oneTool(root), { env: { TENUO_HEALTH_PORT: health } });
  const healthy = { code: 0, stdout: '{"ready":true}\n' };
  assert.deepEqual(await healthcheck("--health-port", health), healthy);
  assert.deepEqual(await healthcheck("--port", String(port), "--health-port", "0"), healthy);
});

test("who isn't ready is not, and says why", async (t) => {
  const { port } = await startServe(t, 'version: "2"\nsettings: {}\ntools: {}\nroutes: []\n');
  const { code, stdout } = await healthcheck("--port", String(port), "--health-port", "0");
  assert.equal(code, 1);
  assert.match(stdout, /"ready":false,"reasons":\[".*trusted root/);
});

test("where nobody listens nobody is healthy", async () => {
  const { code, stdout } = await healthcheck("--health-bind", "127.0.0.1", "--health-port", "1");
  assert.equal(code, 1);
  assert.match(stdout, /ECONNREFUSED/);
});

test("who doesn't answer in time isn't healthy", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  t.after(() => silent.closeAllConnections());
  t.after(() => silent.close());
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  assert.equal((await healthcheck("--health-bind", "127.0.0.1", "--health-port", String(port))).code, 1);
});

test("a Unix socket is asked where there is no health port", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-healthcheck-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, "s");
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.end("yes");
  }).listen(socket);
  t.after(() => server.close());
  await once(server, "listening");
  assert.deepEqual(await healthcheck("--socket", socket), { code: 0, stdout: "yes\n" });
  assert.deepEqual(asked, ["/ready"]);
});

test("a port with TLS is asked for a handshake, also where it wants certificates", {
  skip: noPki(),
}, async (t) => {
  const pki = createPki();
  t.after(pki.remove);
  const ca = pki.ca("ca");
  const server = pki.issue("server", ca);
  const files = ["--tls-cert", server.cert, "--tls-key", server.key];
  for (const more of [[], ["--tls-client-ca", ca.cert]]) {
    const { port } = await startServe(t, oneTool(root), { args: [...files, ...more] });
    const at = ["--port", String(port), "--health-port", "0"];
    assert.deepEqual(await healthcheck(...at, ...files, ...more), { code: 0, stdout: "a TLS handshake\n" });
    assert.equal((await healthcheck(...at)).code, 1, "and not for a page");
  }
});

const variables: Readonly<Record<string, string>> = { "health-port": "9191" };
const flags: Readonly<Record<string, string>> = {
  bind: "0.0.0.0",
  port: "9090",
  "health-port": "9091",
  "socket-mode": "0660",
};

/** What {@link readPlace} makes of it, where `given` stands on the command line of `healthcheck`. */
function place(commandLine: readonly string[], given: Readonly<Record<string, string>> = {}) {
  const input = inputWith({
    text: (name: string) => given[name] ?? variables[name] ?? flags[name],
    list: (name: string) => [given[name] ?? []].flat(),
    isGiven: (name: string) => (given[name] ?? variables[name]) !== undefined,
  });
  return readPlace(asServed(input, commandLine.map((arg) => `${arg}\0`).join("")));
}
const SERVE = [
  "/nodejs/bin/node",
  "/usr/local/bin/tenuo-ext-authz",
  "serve",
  "--config",
  "/etc/tenuo/gateway.yaml",
];

test("flags of the first process beat variables, and own flags beat both", () => {
  const ports = (...[line, given]: Parameters<typeof place>) => {
    const { port, healthPort } = place(line, given);
    return [port, healthPort];
  };
  assert.deepEqual(ports([]), [9090, 9191]);
  assert.deepEqual(ports(SERVE), [9090, 9191]);
  assert.deepEqual(ports([...SERVE, "-p", "80", "--health-port=81"]), [80, 81]);
  assert.deepEqual(ports([...SERVE, "--port=80", "--port", "82", "--health-port", "0"]), [82, undefined]);
  assert.deepEqual(ports(["/sbin/docker-init", "--", ...SERVE, "-p80"]), [80, 9191]);
  assert.deepEqual(ports([...SERVE, "--port", "80"], { port: "83", "health-port": "84" }), [83, 84]);
  assert.deepEqual(
    ports(["/nodejs/bin/node", "--max-old-space-size=100", ...SERVE.slice(1), "--port", "80"]),
    [80, 9191],
  );
});

test("a socket of the first process is found", () => {
  const { socket } = place([...SERVE, "--socket", "/run/t.sock"]);
  assert.deepEqual(socket?.path, "/run/t.sock");
});
