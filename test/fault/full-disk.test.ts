import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { callHeaders, keepAsking, oneTool, overGrpc, type Question, told } from "../support/asking.ts";
import { freePort } from "../support/free-port.ts";
import { missing } from "../support/missing.ts";
import { ownIssuer } from "../support/own.ts";
import { type ListContent, signList } from "../support/revocation-list.ts";
import { startServe } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const call = { tool: "t", args: {} };
const mint = () => ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: 3600 });
const [good, revoked] = await Promise.all([mint(), mint()]);
const revokedId = await ownIssuer.identifier(revoked);
const questions: readonly Question[] = [
  { name: "good", target: "/t", headers: callHeaders(good, agent, call), expected: ["allow"] },
  {
    name: "revoked",
    target: "/t",
    headers: callHeaders(revoked, agent, call),
    expected: ["warrant_revoked"],
  },
];

const folder = mkdtempSync(join(tmpdir(), "tenuo-full-"));
after(() => rmSync(folder, { recursive: true }));

const gateway = (settings = ""): string => oneTool(root, settings);

function writeList(content: ListContent): string {
  const file = join(folder, "list");
  writeFileSync(file, signList(root, { ids: [revokedId], ...content }));
  return file;
}

/** A file system of its own, of 64 KiB; undefined, and the test skipped, where this user may not mount one. */
function smallDisk(t: TestContext): string | undefined {
  const disk = mkdtempSync(join(tmpdir(), "tenuo-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=777", "tmpfs", disk]);
  if (mounted.status !== 0) {
    rmSync(disk, { recursive: true });
    const cause = mounted.error ?? String(mounted.stderr).trim();
    t.skip(missing("a full disk, for want of a file system of its own", cause));
    return undefined;
  }
  t.after(() => {
    execFileSync("umount", ["--lazy", disk]);
    rmSync(disk, { recursive: true });
  });
  return disk;
}

function fill(disk: string): void {
  const file = openSync(join(disk, "filler"), "w");
  try {
    for (;;) writeFileSync(file, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  } finally {
    closeSync(file);
  }
}

test("with a full disk a start that can't keep its floor fails, and a reload changes nothing", async (t) => {
  const disk = smallDisk(t);
  if (disk === undefined) return;
  const floor = join(disk, "floor");
  const args = ["--revocation-list", writeList({ version: 5 }), "--revocation-floor", floor];
  fill(disk);
  await assert.rejects(
    startServe(t, gateway(), { args }),
    /floor: can't be written, and --revocation-floor has to be: ENOSPC/,
  );
  assert.ok(!existsSync(floor) && !existsSync(`${floor}.new`), "nothing half is left behind");

  rmSync(join(disk, "filler"));
  const service = await startServe(t, gateway(), { args });
  const kept = readFileSync(floor, "utf8");
  fill(disk);
  const asking = keepAsking(t, overGrpc(service.port), questions);
  for (let version = 6; version < 26; version++) {
    writeList({ version, ids: [] });
    assert.match(String((await service.reload())["errors"]), /can't be written.*ENOSPC/);
    assert.equal(readFileSync(floor, "utf8"), kept);
  }
  const figures = await asking.stop();
  t.diagnostic(`20 reloads: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);

  rmSync(join(disk, "filler"));
  writeList({ version: 26 });
  assert.equal((await service.reload())["result"], "success");
  assert.match(readFileSync(floor, "utf8"), /:\[26,/);
});

/** `serve` with both outputs on a device that is always full; its port has to be known beforehand. */
async function startSilenced(t: TestContext): Promise<{ port: number; pid: number; config: string }> {
  const config = join(folder, "gateway.yaml");
  writeFileSync(config, gateway());
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const port = await freePort();
  const full = openSync("/dev/full", "w");
  const args = ["serve", "--config", config, "--bind", "127.0.0.1", "--port", String(port)];
  const list = ["--revocation-list", writeList({ version: 5 }), "--drain-seconds", "0"];
  const child = spawn(process.execPath, [main, ...args, ...list], {
    env: { PATH: process.env["PATH"], TENUO_HEALTH_PORT: "0" },
    stdio: ["ignore", full, full],
  });
  closeSync(full);
  t.after(() => child.kill("SIGKILL"));
  await waitFor("`serve` to answer", async () => {
    assert.equal(child.exitCode, null, "it ended");
    return (await fetch(`http://127.0.0.1:${port}/ready`)).status === 200 ? true : undefined;
  });
  return { port, pid: child.pid ?? 0, config };
}

test("with a full disk under its log every verdict is right, and reloads work and fail as ever", async (t) => {
  const { port, pid, config } = await startSilenced(t);
  const status = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/status`);
    return (await response.json()) as { mode: string; config: { failed_reload: object | null } };
  };
  const asking = keepAsking(t, overGrpc(port), questions);
  writeFileSync(config, gateway(", mod: audit"));
  process.kill(pid, "SIGHUP");
  await waitFor("the reload to fail", async () => (await status()).config.failed_reload ?? undefined);
  writeFileSync(config, gateway(", debug_mode: true"));
  process.kill(pid, "SIGHUP");
  await waitFor("the reload", async () =>
    (await status()).config.failed_reload === null ? true : undefined,
  );
  const figures = await asking.stop();
  t.diagnostic(told(figures));
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
});
