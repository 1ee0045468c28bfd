import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { QUIET_MS } from "../../src/server/state/reloader.ts";
import { type Answerer, callHeaders, keepAsking, overGrpc, type Question, told } from "../support/asking.ts";
import { type Files, mountConfigMap } from "../support/config-map.ts";
import { type Holdings, INSPECTED, inspect } from "../support/inspect.ts";
import { ownIssuer } from "../support/own.ts";
import { createPki, noPki } from "../support/pki.ts";
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

const skip = noPki();
const pki = createPki();
after(pki.remove);

function makeCertificates() {
  const ca = pki.ca("ca");
  const pairs = ["one", "other"].map((name) => {
    const { cert, key } = pki.issue(name, ca);
    return { name, cert: readFileSync(cert), key: readFileSync(key) };
  });
  return { ca: readFileSync(ca.cert), pairs };
}

const { ca, pairs } = skip ? { ca: Buffer.of(), pairs: [] } : makeCertificates();

/** What the files say; each can be seen from outside. */
interface Content {
  readonly route: string;
  readonly isOtherTrusted: boolean;
  readonly version: number;
  readonly isRevoked: boolean;
  /** Which certificate. */
  readonly pair: number;
}

const filesOf = ({ route, isOtherTrusted, version, isRevoked, pair }: Content): Files => ({
  cert: pairs[pair]?.cert ?? "",
  key: pairs[pair]?.key ?? "",
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

type Change = (content: Content, i: number) => Content;
const newList: Change = (content) => ({
  ...content,
  isRevoked: !content.isRevoked,
  version: content.version + 1,
});
/** One after another. */
const CHANGES: readonly { readonly change: Change; readonly isConfigBad?: boolean }[] = [
  { change: (content, i) => ({ ...content, route: `/v${i}` }) },
  { change: (content) => ({ ...content, isOtherTrusted: !content.isOtherTrusted }) },
  { change: newList },
  { change: (content) => ({ ...content, pair: 1 - content.pair }) },
  { change: newList, isConfigBad: true },
];

/** Whose certificate the service shows to whoever connects now. */
function certificateName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", ca, ALPNProtocols: ["h2"] }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

/** Waits until every verdict is as the content says. */
async function untilInForce({ ask }: Answerer, content: Content, port: number): Promise<void> {
  const certificate = pairs[content.pair]?.name;
  const expected: readonly (readonly [what: string, seen: () => Promise<string>, due: string | undefined])[] =
    [
      ["the route", () => ask(content.route, {}), "missing_warrant"],
      [
        "the other root",
        async () => ask("/t", await ofOtherRoot.headers()),
        content.isOtherTrusted ? "allow" : "untrusted_root",
      ],
      [
        "the list",
        async () => ask("/t", await atTimesRevoked.headers()),
        content.isRevoked ? "warrant_revoked" : "allow",
      ],
      ["the certificate", () => certificateName(port), certificate],
    ];
  const deadline = Date.now() + 20_000;
  for (const [what, seen, due] of expected) {
    for (;;) {
      const answer = await seen();
      if (answer === due) break;
      assert.ok(Date.now() < deadline, `${what}: ${answer} instead of ${due}`);
      await sleep(1);
    }
  }
}

async function start(t: TestContext): Promise<{ service: Serving; next: (i: number) => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-reloads-"));
  t.after(() => rmSync(folder, { recursive: true }));
  let content: Content = { route: "/v", isOtherTrusted: true, version: 1, isRevoked: false, pair: 0 };
  const map = mountConfigMap(folder, filesOf(content));
  const at = (name: string): string => join(folder, name);
  const args = [
    ...["--config", at("gateway.yaml"), "--trusted-keys-file", at("keys"), "--revocation-list", at("list")],
    ...["--tls-cert", at("cert"), "--tls-key", at("key")],
  ];
  const service = await startServe(t, "", { args, env: INSPECTED });
  const answerer = overGrpc(service.port, ca);
  t.after(() => answerer.close());
  return {
    service,
    next: async (i) => {
      const { change, isConfigBad } = CHANGES[i % CHANGES.length] as (typeof CHANGES)[number];
      content = change(content, i);
      map.swap({ ...filesOf(content), ...(isConfigBad && { "gateway.yaml": "routes: [" }) });
      // Some are left to be noticed, which takes longer.
      if (i % 50 !== 0) process.kill(service.pid, "SIGHUP");
      await untilInForce(answerer, content, service.port);
    },
  };
}

test("1000 reloads under load: no wrong verdict, and nothing is left behind", { skip }, async (t) => {
  const { service, next } = await start(t);
  const inspector = await inspect(t, service);
  const quietly = async (): Promise<Holdings> => {
    await sleep(QUIET_MS * 3);
    return inspector.holdings();
  };
  const reload = async (from: number, to: number): Promise<void> => {
    const asking = keepAsking(t, overGrpc(service.port, ca), questions, 2);
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
