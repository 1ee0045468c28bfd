import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { generateSigningKey, seedOf } from "../../src/crypto/ed25519.ts";
import { unixNow } from "../../src/server/unix-now.ts";
import { finish } from "../../src/steps.ts";
import { constraintSet } from "../../src/warrant/constraint-set.ts";
import { encodeHeader, parseProofHeader, parseWarrantHeader } from "../../src/warrant/header.ts";
import { encodeStack, mint } from "../../src/warrant/mint.ts";
import { isStack } from "../../src/warrant/parse.ts";
import { verifyCall } from "../../src/warrant/verify.ts";
import { freePort } from "../support/free-port.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "tenuo-cli-"));
after(() => rmSync(folder, { recursive: true }));
const ROOT = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const good = write(
  "good.yaml",
  `version: "2"\nsettings: {trusted_roots: ["${ROOT}"]}\ntools: {t: {}}\nroutes: [{pattern: /t, tool: t}]\n`,
);
const bad = write(
  "bad.yaml",
  'version: "2"\nsettings: {debug_mod: true}\ntools: {t: {}}\nroutes: [{pattern: /t, tool: u}]\n',
);

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000 };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test("help and version answer with exit code 0", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, 0);
  for (const command of ["serve", "check-config", "sign", "demo"])
    assert.match(help.stdout, new RegExp(`^  ${command} `, "m"));
  assert.match((await run(["serve", "--help"])).stdout, /--config FILE/);
  assert.match((await run(["--version"])).stdout, /^tenuo-ext-authz \d+\.\d+\.\d+\n$/);
});

test("a wrong command line is exit code 2 and says what is wrong", async () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /no command given/],
    [["frobnicate"], /`frobnicate` is not a command/],
    [["serve"], /`--config` is missing/],
    [["serve", "--confg", "x"], /--confg/],
    [["serve", "--config", good, "--port", "99999"], /--port 99999/],
    [["serve", "--config", good, "--mode", "lax"], /enforce, audit, permissive/],
    [["serve", "--config", good, "extra"], /`extra` is one argument too many/],
    [["serve", "--config", good, "--tls-cert", "x"], /`--tls-key` is missing/],
    [["serve", "--config", good, "--tls-client-ca", "x"], /`--tls-cert` is missing/],
    [["serve", "--config", good, "--socket", "x", "--port", "1"], /`--port` has no meaning with `--socket`/],
    [["serve", "--config", good, "--socket", "x", "--socket-mode", "9"], /not a mode in octal/],
    [["serve", "--config", good, "--socket-group", "x"], /`--socket` is missing/],
    [
      ["serve", "--config", good, "--socket", "x", "--tls-cert", "x", "--tls-key", "x"],
      /`--tls-cert` has no meaning with `--socket`/,
    ],
    [["check-config"], /FILE is missing/],
    [["check-config", good, "--port", "1"], /`--port` is not a flag of `check-config`/],
  ];
  for (const [args, why] of wrong) {
    const { code, stderr } = await run(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, why);
    assert.match(stderr, /--help/);
  }
});

test("check-config reports every error with its place, and exits with 1", async () => {
  const fine = await run(["check-config", good]);
  assert.deepEqual([fine.code, fine.stdout], [0, `${good}: ok\n`]);
  const broken = await run(["check-config", bad]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, new RegExp(`^${bad}:2:12: .*debug_mod`, "m"));
  assert.match(broken.stderr, /settings: \{debug_mod: true\}\n +\^/);
  const json = JSON.parse((await run(["check-config", bad, "--json"])).stdout);
  assert.equal(json.ok, false);
  assert.match((await run(["check-config", join(folder, "none.yaml")])).stderr, /none\.yaml: no such file/);
});

test("serve refuses to start on a bad file, a bad key, a taken port", async () => {
  const broken = await run(["serve", "--config", bad]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /bad\.yaml:2:12/);

  const key = await run(["serve", "--config", good, "--trusted-keys", "zz"]);
  assert.equal(key.code, 1);
  assert.match(key.stderr, /--trusted-keys: 2 characters that are not an Ed25519 public key/);
  assert.doesNotMatch(key.stderr, /zz/);

  const keys = write("keys", `# roots\n${ROOT}\nnonsense\n`);
  assert.match(
    (await run(["serve", "--config", good, "--trusted-keys-file", keys])).stderr,
    /keys:3:1: 8 characters that are not/,
  );

  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as { port: number };
  const refused = await run(["serve", "--config", good, "--bind", "127.0.0.1", "--port", String(port)]);
  taken.close();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`port ${port} on 127.0.0.1 is taken; .*--port`));
});

test("what isn't supported yet is an error at start, not a protection that silently isn't there", async () => {
  for (const args of [
    ["--control-plane-url", "http://127.0.0.1:1"],
    ["--connect-token", "tenuo_ct_x"],
  ]) {
    const { code, stderr } = await run(["serve", "--config", good, ...args]);
    assert.equal(code, 1);
    assert.match(stderr, /not supported yet/);
  }
  const variable = await run(["serve", "--config", good], { TENUO_CONNECT_TOKEN: "tenuo_ct_x" });
  assert.match(variable.stderr, /`--connect-token`.*not supported yet/);
});

test("serve tells where it listens, counts the roots of all sources, and drains on SIGTERM with exit code 0", async () => {
  const other = generateSigningKey().publicKey.hex;
  const third = generateSigningKey().publicKey.hex;
  const args = [main, "--trusted-keys", other, "serve", "--config", good, "--bind", "127.0.0.1"];
  const env = {
    ...process.env,
    TENUO_TRUSTED_KEYS: `${third}, ,${ROOT}`,
    TENUO_HEALTH_PORT: "0",
    TENUO_MODE: "",
  };
  const child = spawn(process.execPath, [...args, "--port", "0", "--drain-seconds", "1"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const lines: string[] = [];
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    lines.push(...String(chunk).trim().split("\n"));
    const listening = lines.map((line) => JSON.parse(line)).find(({ event }) => event === "listening");
    if (listening === undefined || child.killed) continue;
    assert.equal(listening.trusted_roots, 3);
    assert.equal(listening.health_port, undefined);
    child.kill("SIGTERM");
  }
  assert.deepEqual(await closed, [0, null]);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).event),
    ["listening", "stopping", "drained", "stopped"],
  );
});

test("a full disk under the log stops neither the answers nor the end", async (t) => {
  if (!existsSync("/dev/full")) return t.skip("there is no /dev/full here");
  const port = await freePort();
  const args = [
    "serve",
    "--config",
    good,
    "--bind",
    "127.0.0.1",
    "--port",
    String(port),
    "--health-port",
    "0",
    "--drain-seconds",
    "0",
  ];
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ["ignore", openSync("/dev/full", "w"), "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const closed = once(child, "close");
  const health = () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      ({ status }) => status,
      () => 0,
    );
  for (let tries = 0; (await health()) !== 200; tries++) {
    assert.ok(tries < 200 && child.exitCode === null, "it never answered");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill("SIGTERM");
  assert.deepEqual(await closed, [0, null]);
});

test("sign prints headers that verify, for this key and these arguments", async () => {
  const holder = generateSigningKey();
  const root = generateSigningKey();
  const now = unixNow();
  const grant = {
    holder: holder.publicKey,
    tools: { t: constraintSet({}) },
    issuedAt: now,
    lifetimeSeconds: 60,
  };
  const warrant = write("w", `${encodeHeader(encodeStack(mint(root, grant)))}\n`);
  const key = write("k", `${Buffer.from(seedOf(holder)).toString("hex")}\n`);
  const common = ["sign", "--warrant", warrant, "--key", key, "--tool", "t"];

  const { stdout } = await run([...common, "--args", '{"n":1.0,"m":2}', "--arg", "text=a=b", "--json"]);
  const headers = JSON.parse(stdout);
  const stack = finish(parseWarrantHeader(headers["X-Tenuo-Warrant"]));
  assert.ok(isStack(stack));
  const args = new Map<string, string | number | bigint>([
    ["n", 1],
    ["m", 2n],
    ["text", "a=b"],
  ]);
  const trust = { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 };
  const call = { tool: "t", args, proof: headers["X-Tenuo-PoP"] };
  assert.equal(finish(verifyCall(stack, call, trust, now)).refused, undefined);
  assert.ok(
    finish(verifyCall(stack, { ...call, args: new Map(args).set("n", 1n) }, trust, now)).refused !==
      undefined,
  );
  assert.ok(parseProofHeader(headers["X-Tenuo-PoP"]) instanceof Uint8Array);

  const stranger = write("s", Buffer.from(seedOf(generateSigningKey())).toString("hex"));
  const wrong = await run(["sign", "--warrant", warrant, "--key", stranger, "--tool", "t"]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /isn't the holder's/);
  assert.match((await run([...common, "--arg", "text"])).stderr, /isn't NAME=TEXT/);
  assert.match((await run([...common, "--args", "[1]"])).stderr, /one JSON object/);
  assert.match((await run([...common, "--args", '{"a":1,"a":2}'])).stderr, /repeated names/);
  assert.match((await run([...common, "--arg", "a=1", "--arg", "a=2"])).stderr, /`a` is given twice/);
  const missing = await run(["sign", "--warrant", join(folder, "none"), "--key", key, "--tool", "t"]);
  assert.deepEqual([missing.code, missing.stderr.includes("none: no such file")], [1, true]);
});

test("the demo gets every verdict it expects, also where there is no Envoy", async () => {
  const { code, stdout } = await run(["demo"], { PATH: "", ENVOY_BIN: "", TMPDIR: folder });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /none found .* directly over gRPC/);
  assert.match(stdout, /16 of 16 verdicts as expected/);
});
