import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createReading } from "../../src/server/state/reading.ts";
import { readFloors } from "../../src/server/state/revocation-floor.ts";
import { loadRevocation } from "../../src/server/state/revocation-source.ts";
import { signList } from "../support/revocation-list.ts";
import { startServe } from "../support/service.ts";
import { newKey, unixNow } from "../support/warrants.ts";

const ROUNDS = 12;
/** Of these a reload takes a few. */
const MAX_LIFE_MS = 120;

const root = newKey();
const folder = mkdtempSync(join(tmpdir(), "tenuo-killed-"));
after(() => rmSync(folder, { recursive: true }));
const revocationList = join(folder, "list");
const revocationFloor = join(folder, "floor");

const GATEWAY = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {t: {}}
routes: [{pattern: /t, tool: t}]
`;

function writeList(version: number): void {
  writeFileSync(`${revocationList}.new`, signList(root, { version }));
  renameSync(`${revocationList}.new`, revocationList);
}

const floor = () =>
  existsSync(revocationFloor) ? readFloors(revocationFloor).get(root.publicKey.hex)?.version : undefined;

/** Whether a start with this version would take it. */
async function wouldStart(version: number): Promise<boolean> {
  const older = join(folder, "older");
  writeFileSync(older, signList(root, { version }));
  const terms = { signers: new Set([root.publicKey.hex]), now: unixNow(), clockToleranceSeconds: 30 };
  const source = { configFile: folder, revocationList: older, revocationFloor };
  return loadRevocation(source, undefined, terms, createReading()).then(
    () => true,
    () => false,
  );
}

test("killed at any moment of a start or a reload, it starts again and forgets no version it told of", async (t) => {
  let version = 1;
  let told = 0;
  let inStart = 0;
  const args = ["--revocation-list", revocationList, "--revocation-floor", revocationFloor];
  for (let round = 0; round < ROUNDS; round++) {
    writeList(++version);
    const before = floor() ?? 0n;
    if (round % 4 === 3) {
      // While it starts, which writes the floor too.
      let child: ChildProcess | undefined;
      const started = startServe(t, GATEWAY, { args, spawned: (spawned) => (child = spawned) });
      const ended = started.then(
        () => undefined,
        () => undefined,
      );
      await sleep(250 + Math.random() * 300);
      child?.kill("SIGKILL");
      await ended;
      inStart++;
    } else {
      const service = await startServe(t, GATEWAY, { args });
      const death = performance.now() + Math.random() * MAX_LIFE_MS;
      while (performance.now() < death) {
        writeList(++version);
        process.kill(service.pid, "SIGHUP");
        await sleep(2);
      }
      await service.kill();
      const versions = service
        .lines()
        .filter(({ event }) => event === "revocation_list")
        .map((line) => Number(line["version"]));
      told = Math.max(told, ...versions);
      assert.ok(!service.lines().some(({ event, result }) => event === "reload" && result === "failure"));
    }
    const now = floor() ?? 0n;
    assert.ok(now >= before && now >= BigInt(told), `floor ${now}, before ${before}, told of ${told}`);
    assert.ok(!(await wouldStart(Number(now) - 1)), "an older list");
  }
  t.diagnostic(
    `${ROUNDS} kills, ${inStart} of them in a start; ${version} versions written, the last one told of is ${told}`,
  );
  assert.ok(told > ROUNDS, "reloads were under way");
  const service = await startServe(t, GATEWAY, { args });
  assert.equal(floor(), BigInt(version));
  await service.stop();
  const left = readdirSync(folder).filter((name) => name.startsWith("floor"));
  assert.deepEqual(left, ["floor"], "what a kill left half written is gone with the next start");
});
