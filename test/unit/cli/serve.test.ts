import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run } from "../../../src/cli/run.ts";
import { generateSigningKey, seedOf } from "../../../src/crypto/ed25519.ts";
import { connectAuthorization } from "../../../src/server/grpc/client.ts";
import { constraintSet } from "../../../src/warrant/constraint-set.ts";
import { encodeHeader } from "../../../src/warrant/header.ts";
import { encodeStack, mint } from "../../../src/warrant/mint.ts";
import { signProof } from "../../../src/warrant/proof.ts";
import { leafOf } from "../../../src/warrant/warrant.ts";
import { freePort } from "../../support/free-port.ts";
import { missing } from "../../support/missing.ts";
import { rfc3339, signList } from "../../support/revocation-list.ts";
import { type ServeOptions, startServe } from "../../support/service.ts";
import { unixNow } from "../../support/warrants.ts";

const root = generateSigningKey();
const holder = generateSigningKey();

const gateway = (settings = "", route = "") => `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]${settings}}
tools: {t: {}}
routes: [{pattern: /t, method: GET, tool: t${route}}]
`;

const folder = mkdtempSync(join(tmpdir(), "tenuo-serve-"));
after(() => rmSync(folder, { recursive: true }));
const config = join(folder, "gateway.yaml");
writeFileSync(config, gateway());

/** What the program does in this process: it starts, is asked to stop at once, and ends. */
async function ran(args: readonly string[], variables: Readonly<Record<string, string>> = {}) {
  let stderr = "";
  const common = ["serve", "--config", config, "--bind", "127.0.0.1", "--port", "0", "--drain-seconds", "0"];
  const code = await run([...common, "--log-level", "silent", ...args], {
    variables: { TENUO_HEALTH_PORT: "0", ...variables },
    stdout: () => {},
    stderr: (text) => {
      stderr += text;
    },
    stopped: async () => {},
    isTerminal: true,
    program: "",
    onHangup: () => {},
  });
  return { code, stderr };
}

interface Told {
  readonly flag?: string;
  readonly variable?: string;
  readonly file?: string;
}

/** Flags, variables and settings that say the same thing in their own way. */
function options(mode: Told, tolerance: Told): readonly [settings: string, options: ServeOptions] {
  const args: string[] = [];
  const env: Record<string, string> = {};
  let settings = "";
  for (const [name, variable, setting, told] of [
    ["mode", "TENUO_MODE", "mode", mode],
    ["clock-tolerance", "TENUO_CLOCK_TOLERANCE", "clock_tolerance_secs", tolerance],
  ] as const) {
    if (told.flag !== undefined) args.push(`--${name}`, told.flag);
    if (told.variable !== undefined) env[variable] = told.variable;
    if (told.file !== undefined) settings += `, ${setting}: ${told.file}`;
  }
  return [settings, { args, env }];
}

/** Ten minutes ahead: only a service that tolerates as much takes a warrant issued then. */
const AHEAD_SECONDS = 600;

function headersAhead(): Record<string, string> {
  const now = unixNow();
  const stack = mint(root, {
    holder: holder.publicKey,
    tools: { t: constraintSet({}) },
    issuedAt: now + AHEAD_SECONDS,
    lifetimeSeconds: 600,
  });
  const call = { warrant: leafOf(stack), tool: "t", args: new Map<string, string>() };
  return {
    "x-tenuo-warrant": encodeHeader(encodeStack(stack)),
    "x-tenuo-pop": encodeHeader(signProof(holder, call, now)),
  };
}

test("for mode and clock tolerance a flag beats the environment, and that the file", async (t) => {
  const much = "1000";
  const cases: readonly (readonly [mode: Told, expected: string, tolerance: Told, takesIt: boolean])[] = [
    [{}, "enforce", {}, false],
    [{ file: "audit" }, "audit", { file: much }, true],
    [{ variable: "", file: "audit" }, "audit", { variable: "", file: much }, true],
    [{ variable: "permissive", file: "audit" }, "permissive", { variable: "0", file: much }, false],
    [{ variable: "enforce", file: "audit" }, "enforce", { variable: much, file: "0" }, true],
    [
      { flag: "enforce", variable: "permissive", file: "audit" },
      "enforce",
      { flag: "0", variable: much, file: much },
      false,
    ],
    [
      { flag: "audit", variable: "enforce", file: "enforce" },
      "audit",
      { flag: much, variable: "0", file: "0" },
      true,
    ],
    [{ flag: "permissive", file: "enforce" }, "permissive", { flag: much, file: "0" }, true],
  ];
  await Promise.all(
    cases.map(async ([mode, expected, tolerance, takesIt]) => {
      const name = JSON.stringify([mode, tolerance]);
      const [settings, more] = options(mode, tolerance);
      const service = await startServe(t, gateway(settings), more);
      assert.equal(service.listening["mode"], expected, name);
      const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
      const http = { method: "GET", path: "/t", host: "api", headers: headersAhead() };
      await authorizer.check({ attributes: { request: { http } } });
      authorizer.close();
      const lines = (await service.stop()).map((line) => JSON.parse(line));
      const { reason } = lines.find(({ event }) => event.startsWith("authorization_"));
      assert.equal(reason, takesIt ? undefined : "warrant_not_yet_valid", name);
    }),
  );
});

test("a mode that doesn't block is said aloud at the start, and one that does isn't", async (t) => {
  const modeLines = async (gatewayYaml: string, args: readonly string[] = []) => {
    const service = await startServe(t, gatewayYaml, { args });
    const lines = (await service.stop()).map((line) => JSON.parse(line));
    return lines.filter(({ event }) => event === "mode");
  };
  const [enforce, audit, permissive, flag, someRoutes, otherRoutes] = await Promise.all([
    modeLines(gateway()),
    modeLines(gateway(", mode: audit")),
    modeLines(gateway(", mode: permissive")),
    modeLines(gateway(), ["--mode", "audit"]),
    modeLines(gateway("", ", mode: audit")),
    modeLines(gateway(", mode: audit", ", mode: enforce")),
  ]);
  assert.deepEqual(enforce, []);
  for (const [mode, lines] of [
    ["audit", audit],
    ["permissive", permissive],
    ["audit", flag],
  ] as const) {
    assert.equal(lines?.length, 1);
    assert.equal(lines[0].level, "warn");
    assert.match(lines[0].message, new RegExp(`NOTHING IS BLOCKED.*${mode}`));
  }
  for (const lines of [someRoutes, otherRoutes]) {
    assert.equal(lines?.length, 1);
    assert.doesNotMatch(lines[0].message, /NOTHING IS BLOCKED/);
  }
});

test("a silenced log doesn't silence the warning about the mode", async () => {
  assert.match((await ran(["--mode", "audit"])).stderr, /^warning: NOTHING IS BLOCKED/);
  assert.equal((await ran([])).stderr, "");
});

test("a body that is allowed but can't be held is warned of", async (t) => {
  for (const [bytes, count] of [
    [67_108_864, 1],
    [1_048_576, 0],
  ] as const) {
    // Started plainly, it has a small heap.
    const service = await startServe(t, gateway(`, max_body_bytes: ${bytes}`));
    const lines = (await service.stop()).map((line) => JSON.parse(line));
    const warnings = lines.filter(({ event, level }) => event === "room" && level === "warn");
    assert.equal(warnings.length, count);
  }
});

test("without a trusted root it warns at the start", async (t) => {
  const withoutRoots = gateway().replace(/^settings.*$/m, "settings: {}");
  for (const [yaml, count] of [
    [withoutRoots, 1],
    [gateway(), 0],
  ] as const) {
    const service = await startServe(t, yaml);
    const lines = (await service.stop()).map((line) => JSON.parse(line));
    const warnings = lines.filter(({ event, level }) => event === "unready" && level === "warn");
    assert.equal(warnings.length, count);
  }
});

test("the health port listens where `--health-bind` or its variable says, else where the checks do", async (t) => {
  const port = String(await freePort());
  const elsewhere = "192.0.2.1";
  const refused = `${elsewhere} is not an address of this machine; choose another with --health-bind\n`;
  const byFlag = await ran(["--health-port", port, "--health-bind", elsewhere]);
  assert.deepEqual(byFlag, { code: 1, stderr: refused });
  const byVariable = await ran(["--health-port", port], { TENUO_HEALTH_BIND: elsewhere });
  assert.deepEqual(byVariable, { code: 1, stderr: refused });
  const flagWins = await ran(["--health-port", port, "--health-bind", "127.0.0.1"], {
    TENUO_HEALTH_BIND: elsewhere,
  });
  assert.deepEqual(flagWins, { code: 0, stderr: "" });

  const healthPort = await freePort();
  const service = await startServe(t, gateway(), { args: ["--health-port", String(healthPort)] });
  assert.equal(service.listening["health_port"], healthPort);
  assert.equal((await fetch(`http://127.0.0.1:${healthPort}/ready`)).status, 200);
  await assert.rejects(fetch(`http://127.0.0.2:${healthPort}/ready`), "only on the address of --bind");
  await service.stop();
});

const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
  each?.some(({ address }) => address === "::1"),
);
const skipIpv6 = hasIpv6 ? false : missing("a test of IPv6", "this machine has no ::1");

test("an address of IPv6 is taken with brackets and without", { skip: skipIpv6 }, async (t) => {
  for (const [bind, healthBind] of [
    ["[::1]", "::1"],
    ["::1", "[::1]"],
  ] as const) {
    const healthPort = await freePort();
    const args = ["--bind", bind, "--health-port", String(healthPort), "--health-bind", healthBind];
    const service = await startServe(t, gateway(), { args });
    for (const port of [service.port, healthPort])
      assert.equal((await fetch(`http://[::1]:${port}/ready`)).status, 200, `${bind} ${healthBind}`);
    await service.stop();
  }
});

test("a secret key given for a public one is refused, and its text is nowhere in the output", async () => {
  const seed = Buffer.from(seedOf(generateSigningKey())).toString("hex").slice(0, -1);
  const file = join(folder, "keys");
  writeFileSync(file, `# roots\r\n${seed}\r\n`);
  const refused = await Promise.all([
    ran(["--trusted-keys", seed]),
    ran([], { TENUO_TRUSTED_KEYS: seed }),
    ran(["--trusted-keys-file", file]),
  ]);
  for (const [i, from] of ["--trusted-keys: ", "TENUO_TRUSTED_KEYS: ", `${file}:2:1: `].entries()) {
    const { code, stderr } = refused[i] ?? {};
    assert.equal(code, 1);
    assert.ok(stderr?.startsWith(from) === true, stderr);
    assert.ok(stderr?.includes(seed.slice(0, 16)) === false);
  }
});

test("roots from the flags, the environment, a file of keys and gateway.yaml are united", async (t) => {
  const [a, b, c, d] = Array.from({ length: 4 }, () => generateSigningKey().publicKey.hex);
  const file = join(folder, "roots");
  writeFileSync(file, `# roots\r\n${d} # the last\r\n\r\n${a}\r\n`);
  const service = await startServe(t, gateway(), {
    args: ["--trusted-keys", `${a}, ${b},`, "--trusted-keys", `${a}`, "--trusted-keys-file", file],
    env: { TENUO_TRUSTED_KEYS: `${c},${root.publicKey.hex}` },
  });
  assert.equal(service.listening["trusted_roots"], 5);
  await service.stop();
});

test("a log level that is none is refused", async () => {
  const { code, stderr } = await ran(["--log-level", "loud"], { TENUO_LOG_LEVEL: "info" });
  assert.equal(code, 2);
  assert.match(stderr, /trace, debug, info, warn, error, silent/);
});

test("a flag without its value is refused, and doesn't stand aside for the variable", async () => {
  for (const flag of ["log-level", "revocation-list", "revocation-floor", "trusted-keys-file", "port"]) {
    const { code, stderr } = await ran([`--${flag}`, ""], { TENUO_LOG_LEVEL: "info" });
    assert.equal(code, 2, flag);
    assert.ok(stderr.includes(`\`--${flag}\` is given without a value`), stderr);
  }
});

function listFile(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

test("a revocation list that can't be used stops the start, with its file and the reason", async () => {
  const stranger = generateSigningKey();
  const cases: readonly (readonly [name: string, content: string | Uint8Array, why: RegExp])[] = [
    ["garbage", "not a list!", /neither a signed revocation list nor one in standard base64/],
    ["stranger", signList(stranger), /may be signed by [0-9a-f]{64}/],
    ["future", signList(root, { issuedAt: "2099-01-01T00:00:00Z" }), /signed in the future/],
  ];
  for (const [name, content, why] of cases) {
    const file = listFile(name, content);
    const byFlag = await ran(["--revocation-list", file]);
    assert.equal(byFlag.code, 1);
    assert.ok(byFlag.stderr.startsWith(`${file}: `));
    assert.match(byFlag.stderr, why);
    assert.deepEqual(await ran([], { TENUO_REVOCATION_LIST: file }), byFlag);
  }
  const none = join(folder, "no-list");
  assert.deepEqual(await ran(["--revocation-list", none]), { code: 1, stderr: `${none}: no such file\n` });
  assert.equal((await ran([], { TENUO_REVOCATION_LIST: "" })).code, 0);
});

test("the revocation list of the flag beats that of the environment, and that the file's", async (t) => {
  const [inFile, inVariable, inFlag] = [1, 2, 3].map((version) =>
    listFile(`version-${version}`, Buffer.from(signList(root, { version })).toString("base64")),
  ) as [string, string, string];
  const version = async (settings: string, more: ServeOptions) => {
    const service = await startServe(t, gateway(settings), more);
    const lines = (await service.stop()).map((line) => JSON.parse(line));
    const told = lines.find(({ event }) => event === "revocation_list");
    if (told !== undefined) assert.deepEqual([told.entries, told.issuer], [0, root.publicKey.hex]);
    return told?.version;
  };
  const settings = `, revocation: {file: ${inFile}}`;
  const env = { TENUO_REVOCATION_LIST: inVariable };
  assert.deepEqual(
    await Promise.all([
      version("", {}),
      version(settings, {}),
      version(settings, { env }),
      version(settings, { env, args: ["--revocation-list", inFlag] }),
    ]),
    [undefined, 1, 2, 3],
  );
});

test("with a floor no lower version starts again, and a floor that can't be kept stops the start", async () => {
  const floor = join(folder, "floor");
  const start = (version: number, ...args: readonly string[]) =>
    ran(["--revocation-list", listFile("list", signList(root, { version })), ...args]);
  assert.equal((await start(2, "--revocation-floor", floor)).code, 0);
  const lower = await start(1, "--revocation-floor", floor);
  assert.equal(lower.code, 1);
  assert.match(
    lower.stderr,
    /list: has version 1, but version 2 was in force already; sign the list with a higher/,
  );
  assert.equal((await start(1)).code, 0, "without a floor nothing is remembered");
  const unwritable = await start(3, "--revocation-floor", join(folder, "none", "floor"));
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /can't be written, and --revocation-floor has to be/);
  const variables = { TENUO_REVOCATION_FLOOR: floor };
  assert.equal((await ran(["--revocation-list", listFile("list", signList(root))], variables)).code, 1);
});

test("a list that is too old starts, and warns aloud", async () => {
  const old = listFile("old", signList(root, { issuedAt: rfc3339(unixNow() - 100) }));
  const warned = async (settings: string) => {
    writeFileSync(
      join(folder, "old.yaml"),
      gateway(`, revocation: {file: old, max_age_secs: 60${settings}}`),
    );
    return ran(["--config", join(folder, "old.yaml")]);
  };
  const required = await warned("");
  assert.equal(required.code, 0);
  assert.match(
    required.stderr,
    /^warning: the revocation list was signed at .*until a newer one is loaded every request is refused/,
  );
  const lax = await warned(", required: false");
  assert.equal(lax.code, 0);
  assert.match(lax.stderr, /^warning: the revocation list was signed at .*it is used all the same/);
  assert.equal((await ran(["--revocation-list", old])).stderr, "", "any age, unless said");
});

test("a number of workers that can't be meant is a usage error", async () => {
  for (const workers of ["0", "65", "two", "1.5", "-1"]) {
    const { code, stderr } = await ran([`--workers=${workers}`]);
    assert.equal(code, 2, workers);
    assert.match(
      stderr,
      /--workers .* (?:a whole number from 1 to 64|neither `auto` nor a number from 1 to 64)/,
    );
  }
  assert.equal((await ran(["--workers", "1"])).code, 0);
});
