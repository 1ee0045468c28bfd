import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileQuestions, keepAsking, overGrpc, told } from "../support/asking.ts";
import { BASE_IMAGE, buildImage, docker, IMAGE, noDocker } from "../support/image.ts";
import { signList } from "../support/revocation-list.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const skip = await noDocker();
const root = fileURLToPath(new URL("../../", import.meta.url));
const key = newKey();
const config = mkdtempSync(join(tmpdir(), "tenuo-image-"));
after(() => rmSync(config, { recursive: true }));
const containers: string[] = [];
const REBUILT = "tenuo-ext-authz:rebuilt";
const MEGABYTE = 1e6;
const ALLOWED = readFileSync(join(root, ".dockerignore"), "utf8").match(/(?<=^!).+$/gm) ?? [];
const IN_THE_CONTEXT: readonly string[] = ["Dockerfile", ".dockerignore", ...ALLOWED];

/** As hardened as a pod of the published chart, and more. */
const HARDENED = [
  ...["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "1000:1000"],
  ...["--pids-limit", "64", "--memory", "192m", "--memory-swap", "192m"],
];
const OFFLINE = ["--network", "none"];
/** The health check of the image, quicker to judge. */
const HEALTH = ["--health-interval", "1s", "--health-start-period", "30s", "--health-retries", "2"];
const SERVE = ["serve", "--config", "/etc/tenuo/gateway.yaml", "--drain-seconds", "0"];

before(async () => {
  if (skip) return;
  // The container's user isn't the one that runs the tests.
  chmodSync(config, 0o755);
  const gateway = readFileSync(join(root, "test/e2e/gateway.yaml"));
  writeFileSync(join(config, "gateway.yaml"), gateway, { mode: 0o644 });
  await buildImage();
});

after(async () => {
  if (containers.length > 0) await docker("rm", "--force", ...containers);
  if (!skip) await docker("rmi", "--force", REBUILT);
});

interface Run {
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly keys?: string;
}

/** A container in the background. @returns its id */
async function start({ flags = [], args = SERVE, keys = key.publicKey.hex }: Run = {}): Promise<string> {
  const files = ["--volume", `${config}:/etc/tenuo:ro`, "--env", `TENUO_TRUSTED_KEYS=${keys}`];
  const id = await docker("run", "--detach", ...HARDENED, ...HEALTH, ...files, ...flags, IMAGE, ...args);
  containers.push(id);
  return id;
}

/** Of a container or an image. */
async function inspect<T>(what: string, field: string): Promise<T> {
  return JSON.parse(await docker("inspect", "--format", `{{json ${field}}}`, what)) as T;
}

interface Health {
  readonly Status: string;
  readonly Log: readonly { readonly ExitCode: number; readonly Output: string }[] | null;
}

async function health(id: string, wanted: "healthy" | "unhealthy"): Promise<string> {
  return waitFor(
    `a container that is ${wanted}`,
    async () => {
      const { Status, Log } = await inspect<Health>(id, ".State.Health");
      const output = Log?.at(-1)?.Output ?? "";
      if (Status === wanted) return output;
      throw new Error(`${Status}: ${output}`);
    },
    60,
  );
}

/** Every file that isn't of the base: path, mode, and a hash or where a link leads. */
async function filesOf(image: string): Promise<readonly string[]> {
  const script = `
    const { createHash } = require("node:crypto");
    const walk = (path) => {
      const stat = fs.lstatSync(path);
      const what = stat.isSymbolicLink() ? fs.readlinkSync(path) : stat.isFile() ? createHash("sha256").update(fs.readFileSync(path)).digest("hex") : "";
      console.log([path, stat.mode.toString(8), what].join("\t"));
      if (stat.isDirectory()) for (const name of fs.readdirSync(path).sort()) walk(path + "/" + name);
    };
    for (const path of ["/app", "/tenuo-authorizer", "/usr/local/bin"]) walk(path);`;
  const text = await docker(
    "run",
    "--rm",
    ...OFFLINE,
    "--entrypoint",
    "/nodejs/bin/node",
    image,
    "--eval",
    script,
  );
  return text.split("\n");
}

test("it adds no more than 20 MB to its base", { skip }, async (t) => {
  const size = (await inspect<number>(IMAGE, ".Size")) - (await inspect<number>(BASE_IMAGE, ".Size"));
  t.diagnostic(`${(size / MEGABYTE).toFixed(1)} MB are added`);
  assert.ok(size > MEGABYTE && size <= 20 * MEGABYTE, String(size));
});

test("it holds what runs, and nothing that is for making or testing it", { skip }, async () => {
  const files = await filesOf(IMAGE);
  assert.ok(files.length > 1000);
  const lockfile = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  for (const [path, { dev = false }] of Object.entries<{ dev?: boolean }>(lockfile.packages)) {
    const isIn = files.some((file) => file.startsWith(`/app/${path}/package.json\t`));
    if (dev) assert.ok(!isIn, path);
  }
  assert.deepEqual(
    files.filter((file) => /^\/app\/[^/]+\t/.test(file)).map((file) => file.split("\t")[0]),
    ["LICENSE", "dist", "node_modules", "package.json", "proto"].map((name) => `/app/${name}`),
  );
  for (const file of files) {
    assert.doesNotMatch(file, /^[^\t]+\.(map|[cm]?ts)\t/);
    const [, mode = ""] = file.split("\t");
    // A link has no mode of its own.
    if (!mode.startsWith("12"))
      assert.match(mode, /[0145]$/, `${file}: writable, or not readable, for others`);
  }
});

test("built again without a cache, from a clone that only its owner can read, it is the same; labels say what from", {
  skip,
}, async (t) => {
  const said = {
    version: "1.2.3",
    revision: "abc",
    created: "2026-01-02T03:04:05Z",
    source: "https://example.org/repo",
  };
  const named = Object.entries(said).flatMap(([name, value]) => [
    "--build-arg",
    `${name.toUpperCase()}=${value}`,
  ]);
  const clone = mkdtempSync(join(tmpdir(), "tenuo-clone-"));
  t.after(() => rmSync(clone, { recursive: true }));
  for (const name of IN_THE_CONTEXT) cpSync(join(root, name), join(clone, name), { recursive: true });
  execFileSync("chmod", ["--recursive", "go=", clone]);
  await docker("build", "--quiet", "--no-cache", "--tag", REBUILT, ...named, clone);
  assert.deepEqual(await filesOf(REBUILT), await filesOf(IMAGE));
  const labels = await inspect<Readonly<Record<string, string>>>(REBUILT, ".Config.Labels");
  for (const [name, value] of Object.entries(said))
    assert.equal(labels[`org.opencontainers.image.${name}`], value);
  const { description, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  assert.equal(labels["org.opencontainers.image.title"], "tenuo-ext-authz");
  assert.equal(labels["org.opencontainers.image.description"], description);
  assert.equal(labels["org.opencontainers.image.licenses"], license);
});

test("it runs as a user by number, and says which ports it has", { skip }, async () => {
  assert.equal(await inspect(IMAGE, ".Config.User"), "65532:65532");
  assert.deepEqual(await inspect(IMAGE, ".Config.ExposedPorts"), { "9090/tcp": {}, "9091/tcp": {} });
});

for (const entry of [undefined, "tenuo-authorizer", "/tenuo-authorizer", "tenuo-ext-authz"]) {
  test(`started as manifests do, by ${entry ?? "its arguments alone"}, it is healthy with nothing to write to, and ends with 0`, {
    skip,
  }, async () => {
    const flags = entry === undefined ? [] : ["--entrypoint", entry];
    const id = await start({ flags: [...OFFLINE, ...flags] });
    assert.equal(await health(id, "healthy"), '{"ready":true}\n');
    await docker("stop", id);
    assert.equal(await inspect(id, ".State.ExitCode"), 0);
  });
}

test("it is healthy wherever it is told to listen", { skip }, async () => {
  const runs: readonly Run[] = [
    { args: [...SERVE, "--port", "8080", "--health-port=8081"] },
    { args: [...SERVE, "--port", "8080", "--health-port", "0"] },
    {
      args: [...SERVE, "--socket", "/run/tenuo/authz.sock"],
      flags: ["--tmpfs", "/run/tenuo:uid=1000,mode=700"],
    },
    { args: [...SERVE, "--health-port", "8081"], flags: ["--init"] },
    { flags: ["--env", "TENUO_HEALTH_PORT=8081"] },
  ];
  for (const run of runs) {
    const id = await start({ ...run, flags: [...OFFLINE, ...(run.flags ?? [])] });
    assert.equal(await health(id, "healthy"), '{"ready":true}\n');
    await docker("rm", "--force", id);
  }
});

test("a large revocation list, which another thread reads from a file of its own, is taken", {
  skip,
}, async () => {
  const ids = Array.from({ length: 2000 }, (_, i) => `tnu_wrt_${String(i).padStart(32, "0")}`);
  writeFileSync(join(config, "list.srl"), signList(key, { ids }), { mode: 0o644 });
  const id = await start({ args: [...SERVE, "--revocation-list", "/etc/tenuo/list.srl"], flags: OFFLINE });
  assert.equal(await health(id, "healthy"), '{"ready":true}\n');
  const log = await docker("logs", id);
  assert.match(log, /2000 warrants revoked/);
  // Without its library, which links others of the base, it would verify at half the speed.
  assert.match(log, /"ed25519":"sodium"/);
});

test("it is unhealthy when it isn't ready, and when it hangs", { skip }, async () => {
  const flags = [...OFFLINE, "--health-start-period", "0s"];
  const unready = await start({ keys: "", flags });
  assert.match(await health(unready, "unhealthy"), /"ready":false/);
  const hanging = await start({ flags: OFFLINE });
  await health(hanging, "healthy");
  await docker("kill", "--signal", "STOP", hanging);
  await health(hanging, "unhealthy");
});

test("with 192 MiB it judges as fast as it can, and is not killed", { skip, timeout: 120_000 }, async (t) => {
  const begun = performance.now();
  const id = await start({ flags: ["--publish", "127.0.0.1::9090"] });
  const port = Number((await docker("port", id, "9090")).split(":").at(-1));
  const questions = await fileQuestions(key);
  const [{ target, headers }] = questions;
  const answerer = overGrpc(port);
  await waitFor("a first verdict", async () =>
    (await answerer.ask(target, await headers())) === "allow" ? true : undefined,
  );
  t.diagnostic(`first verdict ${Math.round(performance.now() - begun)} ms after \`docker run\``);
  const asking = keepAsking(t, answerer, questions, 32);
  await waitFor("5000 requests", () => asking.figures().asked > 5000 || undefined, 90);
  const figures = await asking.stop();
  const used = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", id);
  t.diagnostic(`${told(figures)}; ${used}`);
  assert.deepEqual(figures.wrong, []);
  assert.equal(figures.errors, 0);
  assert.deepEqual(await inspect(id, ".State.OOMKilled"), false);
  assert.deepEqual(await inspect(id, ".RestartCount"), 0);
});
