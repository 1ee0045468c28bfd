import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connectAuthorization } from "../../src/server/grpc/client.ts";
import { verdictIn } from "../support/check-request.ts";
import { type Serving, startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const folder = mkdtempSync(join(tmpdir(), "tenuo-reload-"));
after(() => rmSync(folder, { recursive: true }));
const root = newKey().publicKey.hex;

const gateway = (settings = "", path = "/t") => `
version: "2"
settings: {trusted_roots: ["${root}"]${settings}}
tools: {t: {}}
routes: [{pattern: ${path}, tool: t}]
`;

/** The reason of a denial. */
async function reasonFor({ port }: Serving, path: string): Promise<string> {
  const authorizer = connectAuthorization(`127.0.0.1:${port}`);
  const http = { method: "GET", path, host: "api", headers: {} };
  const response = await authorizer.check({ attributes: { request: { http } } });
  authorizer.close();
  return verdictIn(response);
}

async function status({ port }: Serving) {
  const response = await fetch(`http://127.0.0.1:${port}/status`);
  return (await response.json()) as {
    config: { sha256: string; failed_reload: { at: string; errors: number } | null };
    mode: string;
  };
}

test("SIGHUP puts new files in force, or leaves a bad one as it was and says where each error is", async (t) => {
  const service = await startServe(t, gateway());
  const before = await status(service);
  assert.equal(before.config.failed_reload, null);
  assert.equal(await reasonFor(service, "/u"), "no_route");

  const wrong = gateway(", mod: audit, debug_mod: true", "/u");
  const line = wrong.split("\n")[2];
  writeFileSync(service.config, wrong);
  const failure = await service.reload();
  assert.deepEqual([failure["result"], failure["level"]], ["failure", "error"]);
  const errors = failure["errors"] as readonly string[];
  assert.deepEqual(
    errors.map((error) => error.split(": ")[0]),
    [" mod:", " debug_mod:"].map((key) => `${service.config}:3:${(line?.indexOf(key) ?? 0) + 2}`),
  );
  await waitFor(
    "the errors on stderr",
    () => errors.every((error) => service.notices().includes(error)) || undefined,
  );
  const { failed_reload, ...config } = (await status(service)).config;
  assert.deepEqual({ ...config, failed_reload: null }, before.config);
  assert.equal(failed_reload?.errors, 2);
  assert.equal(await reasonFor(service, "/u"), "no_route");

  writeFileSync(service.config, gateway("", "/u"));
  const success = await service.reload();
  const now = await status(service);
  assert.deepEqual([success["result"], success["config_sha256"]], ["success", now.config.sha256]);
  assert.equal(now.config.failed_reload, null);
  assert.notEqual(now.config.sha256, before.config.sha256);
  assert.equal(await reasonFor(service, "/u"), "missing_warrant");
  assert.equal(await reasonFor(service, "/t"), "no_route");
});

test("a mode that doesn't block is said aloud at a reload too", async (t) => {
  const service = await startServe(t, gateway());
  writeFileSync(service.config, gateway(", mode: audit"));
  await service.reload();
  await waitFor("a warning", () => /^NOTHING IS BLOCKED/.test(String(service.notices().at(-1))) || undefined);
  assert.equal((await status(service)).mode, "audit");
});

test("a hundred signals at once are a few reloads, and the last of them sees the last file", async (t) => {
  const service = await startServe(t, gateway());
  writeFileSync(service.config, gateway("", "/last"));
  for (let i = 0; i < 100; i++) process.kill(service.pid, "SIGHUP");
  await service.reload();
  assert.equal(await reasonFor(service, "/last"), "missing_warrant");
  const lines = (await service.stop()).map((line) => JSON.parse(line));
  const reloads = lines.filter(({ event }) => event === "reload").length;
  t.diagnostic(`101 signals: ${reloads} reloads`);
  assert.ok(reloads < 101);
});

/** Makes a process send itself a signal while it loads. */
function signalledWhenLoading(signal: NodeJS.Signals): { readonly NODE_OPTIONS: string } {
  const script = `import { registerHooks } from "node:module";
registerHooks({
  resolve: (name, context, next) => {
    if (name === "./serve.ts") {
      console.error('{"message": "loading"}');
      process.kill(process.pid, "${signal}");
    }
    return next(name, context);
  },
});`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
}

test("a SIGHUP that comes while the program is still being loaded doesn't end it", async (t) => {
  const service = await startServe(t, gateway(), { env: signalledWhenLoading("SIGHUP") });
  assert.equal((await service.reload())["cause"], "signal");
  assert.deepEqual(service.notices(), ["loading"]);
});

test("a SIGTERM that comes while the program is still being loaded ends it, also as the first of a container", async (t) => {
  const closed = Promise.withResolvers<unknown[]>();
  const env = signalledWhenLoading("SIGTERM");
  const spawned = (child: ChildProcess): void => closed.resolve(once(child, "close"));
  await Promise.allSettled([startServe(t, gateway(), { env, spawned })]);
  // Not by the signal: the first process of a container isn't ended by those it doesn't listen to.
  const [code, signal] = await closed.promise;
  assert.deepEqual([code === 0 || code === 143, signal], [true, null]);
});

test("a signal that comes before the service listens doesn't end it, and is a reload once it does", async (t) => {
  const keys = join(folder, "keys");
  execFileSync("mkfifo", [keys]);
  const spawned = Promise.withResolvers<ChildProcess>();
  const starting = startServe(t, gateway(), {
    args: ["--trusted-keys-file", keys],
    spawned: spawned.resolve,
  });
  // It is reading its files now, and waits for this one.
  const pipe = await open(keys, "w");
  writeFileSync(`${keys}.new`, `${newKey().publicKey.hex}\n`);
  renameSync(`${keys}.new`, keys);
  (await spawned.promise).kill("SIGHUP");
  await pipe.write(`${root}\n`);
  await pipe.close();
  const service = await starting;
  assert.equal(service.listening["trusted_roots"], 1);
  const line = await waitFor("the reload", () => service.lines().find(({ event }) => event === "reload"));
  assert.equal(line["trusted_roots"], 2);
});
