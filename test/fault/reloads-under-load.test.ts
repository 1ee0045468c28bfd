import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { QUIET_MS } from "../../src/server/state/reloader.ts";
import { type Answerer, callHeaders, keepAsking, overGrpc, type Question, told } from "../support/asking.ts";
import { type Files, mountConfigMap } from "../support/config-map.ts";
import { type Holdings, INSPECTED, inspect } from "../support/inspect.ts";
import { ownIssuer } from "../support/own.ts";
import { signList } from "../support/revocation-list.ts";
import { type Serving, startServe } from "../support/service.ts";
import { newKey } from "../support/warrants.ts";

const WARM_UP = 100;
const RELOADS = 1000;
/** What one reload may leave on the heap. A snapshot of these files is some 40 KB. */
const MAX_LEFT_BYTES = 2_000;

const root = newKey();
const otherRoot = newKey();
const agent = newKey();
const call = { tool: "t", args: {} };
const mint = async (key = root) => {
  const warrant = await ownIssuer.mint(key, { holder: agent, tools: { t: {} }, ttl: 3600 });
  return { id: await ownIssuer.identifier(warrant), headers: callHeaders(warrant, agent, call) };
};
const [good, revoked, strange, ofOtherRoot, atTimesRevoked] = await Promise.all([
  mint(),
  mint(),
  mint(newKey()),
  mint(otherRoot),
  mint(),
]);
const questions: readonly Question[] = [
  { name: "good", target: "/t", headers: good.headers, expected: ["allow"] },
  { name: "revoked", target: "/t", headers: revoked.headers, expected: ["warrant_revoked"] },
  { name: "strange", target: "/t", headers: strange.headers, expected: ["untrusted_root"] },
  { name: "without a warrant", target: "/t", headers: async () => ({}), expected: ["missing_warrant"] },
];

/** What the files say; each can be seen from outside. */
interface Content {
  readonly route: string;
  readonly isOtherTrusted: boolean;
  readonly version: number;
  readonly isRevoked: boolean;
}

const filesOf = ({ route, isOtherTrusted, version, isRevoked }: Content): Files => ({
  "gateway.yaml": `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], log: {sample_allow: 0}}
tools: {t: {}}
routes:
  - {pattern: /t, tool: t}
  - {pattern: ${route}, tool: t}
${Array.from({ length: 20 }, (_, i) => `  - {pattern: "/filler/${i}/{name}", tool: t}`).join("\n")}
`,
  keys: isOtherTrusted ? otherRoot.publicKey.hex : "",
  list: signList(root, { version, ids: [revoked.id, ...(isRevoked ? [atTimesRevoked.id] : [])] }),
});

/** A change of each file in turn, the fourth with a gateway.yaml that is bad. */
function change(content: Content, i: number): { readonly content: Content; readonly files: Files } {
  const { isOtherTrusted, isRevoked, version } = content;
  const newList = { ...content, isRevoked: !isRevoked, version: version + 1 };
  const changed =
    i % 4 === 0
      ? { ...content, route: `/v${i}` }
      : i % 4 === 1
        ? { ...content, isOtherTrusted: !isOtherTrusted }
        : newList;
  const files = filesOf(changed);
  return { content: changed, files: i % 4 === 3 ? { ...files, "gateway.yaml": "routes: [" } : files };
}

/** Waits until every verdict is as the content says. */
async function untilInForce({ ask }: Answerer, content: Content): Promise<void> {
  const expected = [
    [content.route, {}, "missing_warrant"],
    ["/t", await ofOtherRoot.headers(), content.isOtherTrusted ? "allow" : "untrusted_root"],
    ["/t", await atTimesRevoked.headers(), content.isRevoked ? "warrant_revoked" : "allow"],
  ] as const;
  const deadline = Date.now() + 20_000;
  for (const [target, headers, verdict] of expected) {
    for (;;) {
      const answer = await ask(target, headers);
      if (answer === verdict) break;
      assert.ok(Date.now() < deadline, `${target}: ${answer} instead of ${verdict}`);
      await sleep(1);
    }
  }
}

async function start(t: TestContext): Promise<{ service: Serving; next: (i: number) => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-reloads-"));
  t.after(() => rmSync(folder, { recursive: true }));
  let content: Content = { route: "/v", isOtherTrusted: true, version: 1, isRevoked: false };
  const map = mountConfigMap(folder, filesOf(content));
  const [config, keys, list] = ["gateway.yaml", "keys", "list"].map((name) => join(folder, name));
  const args = ["--config", config, "--trusted-keys-file", keys, "--revocation-list", list];
  const service = await startServe(t, "", { args: args.map(String), env: INSPECTED });
  const answerer = overGrpc(service.port);
  t.after(() => answerer.close());
  return {
    service,
    next: async (i) => {
      const { content: changed, files } = change(content, i);
      content = changed;
      map.swap(files);
      // Some are left to be noticed, which takes longer.
      if (i % 50 !== 0) process.kill(service.pid, "SIGHUP");
      await untilInForce(answerer, content);
    },
  };
}

test("1000 reloads under load: no wrong verdict, and nothing is left behind", async (t) => {
  const { service, next } = await start(t);
  const inspector = await inspect(t, service);
  const quietly = async (): Promise<Holdings> => {
    await sleep(QUIET_MS * 3);
    return inspector.holdings();
  };
  const reload = async (from: number, to: number): Promise<void> => {
    const asking = keepAsking(t, overGrpc(service.port), questions, 2);
    for (let i = from; i < to; i++) await next(i);
    const figures = await asking.stop();
    t.diagnostic(`${to - from} changes: ${told(figures)}`);
    assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
  };
  await reload(0, WARM_UP);
  const before = await quietly();
  await reload(WARM_UP, RELOADS);
  const after = await quietly();
  inspector.close();
  const lines = await service.stop();
  const reloads = lines.filter((line) => line.includes('"event":"reload"')).map((line) => JSON.parse(line));
  const left = (after.heapBytes - before.heapBytes) / (RELOADS - WARM_UP);
  t.diagnostic(
    `${reloads.length} reloads, ${reloads.filter(({ result }) => result === "failure").length} of them with a bad file, ${reloads.filter(({ cause }) => cause === "watch").length} by watching`,
  );
  t.diagnostic(
    `RSS ${megabytes(before.residentBytes)} → ${megabytes(after.residentBytes)}, heap ${megabytes(before.heapBytes)} → ${megabytes(after.heapBytes)}, ${Math.round(left)} bytes left by each; ${before.files} → ${after.files} files, ${before.watches} → ${after.watches} watches`,
  );
  assert.ok(reloads.length >= RELOADS * 0.9);
  assert.ok(left < MAX_LEFT_BYTES, `each reload leaves ${Math.round(left)} bytes`);
  assert.deepEqual([after.files, after.watches], [before.files, before.watches]);
});

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
