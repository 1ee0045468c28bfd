import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { type Answerer, oneTool, overGrpc } from "../support/asking.ts";
import { ownIssuer } from "../support/own.ts";
import { rfc3339, signList } from "../support/revocation-list.ts";
import { type Service, startService } from "../support/service.ts";
import { newKey, unixNow } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const call = { tool: "t", args: {} };
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const folder = mkdtempSync(join(tmpdir(), "tenuo-clock-"));
after(() => rmSync(folder, { recursive: true }));

const gateway = (settings = ""): string => oneTool(root, settings);

/** Sets the clock of the whole process, to milliseconds of Unix time; timers go on by a clock of their own. */
function settableClock(t: TestContext): (milliseconds: number) => void {
  let clock = Date.now();
  t.mock.method(Date, "now", () => clock);
  return (milliseconds) => {
    clock = milliseconds;
  };
}

const START = unixNow();

async function ask(answerer: Answerer, warrant: string, provenAt: number): Promise<string> {
  const proof = await ownIssuer.proof(warrant, agent, call, provenAt);
  return answerer.ask("/t", { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof });
}

function connected(t: TestContext, service: Service): Answerer {
  const answerer = overGrpc(service.port);
  t.after(answerer.close);
  return answerer;
}

test("times of warrants and proofs follow the clock wherever it jumps, back and forth", async (t) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: HOUR });
  const service = await startService(t, gateway());
  const answerer = connected(t, service);
  const setClock = settableClock(t);
  const jumps: readonly (readonly [seconds: number, expected: string])[] = [
    [0, "allow"],
    [-DAY, "warrant_not_yet_valid"],
    [HOUR - 5, "allow"],
    [HOUR + MINUTE, "warrant_expired"],
    [1, "allow"],
    [100 * 365 * DAY, "warrant_expired"],
    [-20, "allow"],
    [-MINUTE, "warrant_not_yet_valid"],
    [10, "allow"],
  ];
  for (const [seconds, expected] of [...jumps, ...jumps.toReversed()]) {
    setClock((START + seconds) * 1000);
    assert.equal(await ask(answerer, warrant, START + seconds), expected, `${seconds} s`);
  }
  setClock((START + 30 * MINUTE) * 1000);
  for (const [offset, expected] of [
    [0, "allow"],
    [-MINUTE, "allow"],
    [-5 * MINUTE, "invalid_pop"],
    [5 * MINUTE, "invalid_pop"],
  ] as const) {
    assert.equal(
      await ask(answerer, warrant, START + 30 * MINUTE + offset),
      expected,
      `proof ${offset} s off`,
    );
  }
});

test("no year is one in which it crashes or allows what has not begun or is over", async (t) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: HOUR });
  const service = await startService(t, gateway());
  const answerer = connected(t, service);
  const setClock = settableClock(t);
  for (const [seconds, expected] of [
    [-(2 ** 33), "warrant_not_yet_valid"],
    [-1, "warrant_not_yet_valid"],
    [0, "warrant_not_yet_valid"],
    [2 ** 31, "warrant_expired"],
    [2 ** 32, "warrant_expired"],
    [4_102_444_800, "warrant_expired"],
    [8_640_000_000_000, "warrant_expired"],
  ] as const) {
    setClock(seconds * 1000);
    assert.equal(await ask(answerer, warrant, Math.max(0, START)), expected, `at ${seconds}`);
    for (const page of ["/status", "/ready"])
      assert.equal(
        (await fetch(`http://127.0.0.1:${service.port}${page}`)).status,
        200,
        `${page} at ${seconds}`,
      );
  }
  setClock(START * 1000);
  assert.equal(await ask(answerer, warrant, START), "allow");
  assert.deepEqual(
    service.logged.filter(({ event }) => event === "fault"),
    [],
  );
});

test("the age of a list is a matter of the clock, and comes and goes with it", async (t) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: HOUR });
  const revoked = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: HOUR });
  const file = join(folder, "list");
  writeFileSync(
    file,
    signList(root, { issuedAt: rfc3339(START), ids: [await ownIssuer.identifier(revoked)] }),
  );
  const service = await startService(t, gateway(`, revocation: {file: ${file}, max_age_secs: 600}`));
  const answerer = connected(t, service);
  const setClock = settableClock(t);
  for (const [seconds, expected] of [
    [0, "allow"],
    [601, "revocation_unavailable"],
    [599, "allow"],
    [10 * DAY, "revocation_unavailable"],
    [-20, "allow"],
  ] as const) {
    setClock((START + seconds) * 1000);
    assert.equal(await ask(answerer, warrant, START + seconds), expected, `${seconds} s`);
    assert.notEqual(await ask(answerer, revoked, START + seconds), "allow");
    const { status } = await fetch(`http://127.0.0.1:${service.port}/ready`);
    assert.equal(status, expected === "allow" ? 200 : 503);
  }
});

test("uptime and deadlines don't follow the clock", async (t) => {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { t: {} }, ttl: HOUR });
  const service = await startService(t, gateway());
  const answerer = connected(t, service);
  const setClock = settableClock(t);
  const uptime = async () => {
    const page = await fetch(`http://127.0.0.1:${service.port}/status`);
    return ((await page.json()) as { uptime_secs: number }).uptime_secs;
  };
  for (const seconds of [-DAY, 30 * MINUTE, -10 * 365 * DAY, 0]) {
    setClock((START + seconds) * 1000);
    const shown = await uptime();
    assert.ok(shown >= 0 && shown < MINUTE, `${shown} s`);
  }
  // While calls are under way the clock jumps at every turn of the loop; only what the warrant says may follow it.
  let turn = 0;
  const jumping = setInterval(() => setClock((START + (turn++ % 2) * 20 * MINUTE) * 1000), 1);
  const verdicts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const verdict = await ask(answerer, warrant, START + (i % 2) * 20 * MINUTE);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  }
  clearInterval(jumping);
  t.diagnostic(
    `${turn} jumps of 20 minutes during 300 calls: ${JSON.stringify(Object.fromEntries(verdicts))}`,
  );
  for (const verdict of verdicts.keys()) assert.ok(["allow", "invalid_pop"].includes(verdict), verdict);
});
