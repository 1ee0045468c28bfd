import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ordinaryRequest, WORST_GATEWAY_YAML, WORST_REQUESTS } from "../../bench/worst-requests.ts";
import { buildImage, docker, IMAGE, noDocker } from "../support/image.ts";
import { openRawChecks, type RawChecks } from "../support/raw-checks.ts";
import { waitFor } from "../support/wait.ts";

// `MEMORY_SECONDS=600 node --test test/deploy/memory.test.ts`, or `npm run soak:memory`, for longer.

const SECONDS = Number(process.env["MEMORY_SECONDS"] ?? 20);
const LIMIT = "128m";
const AT_A_TIME = 64;
/** Proofs last for two minutes, but warrants that are new cost the most. */
const FRESH_MS = 20_000;
const ORDINARY = 1000;
/** Between two worst requests, as many ordinary ones. */
const BETWEEN = 20;

const skip = await noDocker();
const config = mkdtempSync(join(tmpdir(), "tenuo-memory-"));
let container: string | undefined;
after(async () => {
  if (container !== undefined) await docker("rm", "--force", container);
  rmSync(config, { recursive: true });
});

interface Asked {
  readonly name: string;
  readonly message: Buffer;
  readonly expected: string;
}

test(`in a container of ${LIMIT}, the worst requests known among others, and then alone, are judged as ever, and nothing is killed`, {
  skip,
  timeout: (SECONDS + 180) * 1000,
}, async (t) => {
  const port = await startContainer();
  const checks = await waitFor("a first verdict", async () => {
    const opened = openRawChecks(port);
    if ((await opened.ask(ordinaryRequest("first").message)) === "allow") return opened;
    opened.close();
    return undefined;
  });
  t.after(checks.close);
  const expected = new Map<string, string>();
  for (const make of WORST_REQUESTS) {
    const { name, message } = make();
    expected.set(name, await checks.ask(message));
  }
  assert.ok(new Set(expected.values()).size > 8 && !expected.has("overloaded"));

  const worst = () =>
    WORST_REQUESTS.map((make) => make()).map((each) => ({
      ...each,
      expected: expected.get(each.name) ?? "",
    }));
  const ordinary = (i: number): Asked => ({ ...ordinaryRequest(`f${i}`), expected: "allow" });
  const mixed = () => {
    const rare = worst();
    return Array.from({ length: ORDINARY }, (_, i) =>
      i % BETWEEN === 0 ? (rare[(i / BETWEEN) % rare.length] ?? ordinary(i)) : ordinary(i),
    );
  };
  for (const [what, make] of [
    ["mixed", mixed],
    ["worst", worst],
    ["mixed again", mixed],
  ] as const) {
    const told = await ask(checks, make, SECONDS / 3);
    t.diagnostic(`${what}: ${told}; ${await memory()}`);
  }

  assert.equal(await inspect(".State.OOMKilled"), "false");
  assert.equal(await inspect(".State.Running"), "true");
  assert.equal(await inspect(".RestartCount"), "0");
});

/** @returns its port on loopback */
async function startContainer(): Promise<number> {
  await buildImage();
  chmodSync(config, 0o755);
  writeFileSync(join(config, "gateway.yaml"), WORST_GATEWAY_YAML, { mode: 0o644 });
  container = await docker(
    ...["run", "--detach", "--read-only", "--memory", LIMIT, "--memory-swap", LIMIT],
    ...["--publish", "127.0.0.1::9090", "--volume", `${config}:/etc/tenuo:ro`, IMAGE],
  );
  return Number((await docker("port", container, "9090")).split(":").at(-1));
}

/** Asks them in turn, made anew before their proofs get old. @returns what came of it. @throws on a wrong verdict */
async function ask(checks: RawChecks, make: () => readonly Asked[], seconds: number): Promise<string> {
  const started = performance.now();
  const end = started + seconds * 1000;
  let requests = make();
  let madeAt = started;
  let asked = 0;
  let overloaded = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < end) {
      if (performance.now() - madeAt > FRESH_MS) {
        madeAt = performance.now();
        requests = make();
      }
      const request = requests[asked++ % requests.length];
      if (request === undefined) return;
      const verdict = await checks.ask(request.message);
      if (verdict === "overloaded") overloaded++;
      else assert.equal(verdict, request.expected, request.name);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  const perSecond = Math.round((asked * 1000) / (performance.now() - started));
  return `${asked} requests, ${perSecond}/s, ${overloaded} overloaded`;
}

async function inspect(field: string): Promise<string> {
  return docker("inspect", "--format", `{{${field}}}`, container ?? "");
}

/** What it uses by the engine's reckoning, and what was resident in its process, now and at most. */
async function memory(): Promise<string> {
  const used = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", container ?? "");
  const status = readFileSync(`/proc/${await inspect(".State.Pid")}/status`, "utf8");
  const resident = (name: string) =>
    Math.round(Number(RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024);
  return `${used}, ${resident("VmRSS")} MiB resident, ${resident("VmHWM")} MiB at most`;
}
