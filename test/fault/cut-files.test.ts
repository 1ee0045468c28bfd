import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { loadSnapshot } from "../../src/server/state/load-snapshot.ts";
import { messagesOf } from "../../src/server/state/part.ts";
import { createState, type State } from "../../src/server/state/state.ts";
import { type Asking, callHeaders, keepAsking, overGrpc, type Question, told } from "../support/asking.ts";
import { ownIssuer } from "../support/own.ts";
import { type ListContent, signList } from "../support/revocation-list.ts";
import { startService } from "../support/service.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const otherRoot = newKey();
const agent = newKey();

const folder = mkdtempSync(join(tmpdir(), "tenuo-cut-"));
after(() => rmSync(folder, { recursive: true }));
const configFile = join(folder, "gateway.yaml");
const trustedKeysFile = join(folder, "keys");
const listFile = join(folder, "list");

// With settings at the end, where a cut takes from them first.
const GATEWAY = `version: "2"
tools:
  t:
    clearance: 0
    constraints:
      name: { from: query, path: name }
  u: {}
routes:
  - { pattern: /t, method: GET, tool: t }
  - pattern: /u
    method: [GET, POST]
    tool: u
settings:
  debug_mode: true
  strip_credentials: true
  revocation:
    file: list
    max_age_secs: 86400
    required: true
  mode: enforce
`;
const KEYS = `# the roots\n${root.publicKey.hex}\n${otherRoot.publicKey.hex} # the other\n`;

const call = { tool: "t", args: {} };
const mint = (key = root) => ownIssuer.mint(key, { holder: agent, tools: { t: {} }, ttl: 3600 });
const [good, ofOtherRoot, revoked, strange] = await Promise.all([
  mint(),
  mint(otherRoot),
  mint(),
  mint(newKey()),
]);
const revokedId = await ownIssuer.identifier(revoked);
const list = (content: ListContent = {}) => signList(root, { version: 5, ids: [revokedId], ...content });

const questions = (whileCut: readonly string[] = []): readonly Question[] =>
  [
    { name: "good", warrant: good, expected: ["allow"] },
    { name: "of the other root", warrant: ofOtherRoot, expected: ["allow"] },
    { name: "revoked", warrant: revoked, expected: ["warrant_revoked"] },
    { name: "strange", warrant: strange, expected: ["untrusted_root"] },
  ].map(({ name, warrant, expected }) => ({
    ...{ name, target: "/t", headers: callHeaders(warrant, agent, call) },
    expected: [...expected, ...whileCut],
  }));

/** The service with a state that can be reloaded, in this process, so that each cut takes no longer than a reload. */
async function startReloadable(t: TestContext): Promise<{ readonly state: State; readonly port: number }> {
  writeFileSync(configFile, GATEWAY);
  writeFileSync(trustedKeysFile, KEYS);
  writeFileSync(listFile, list());
  const sources = { configFile, trustedKeys: [], trustedKeysFile };
  const loaded = await loadSnapshot(sources, new Date());
  if (!loaded.ok) assert.fail(messagesOf(loaded.errors).join("\n"));
  const state = createState(sources, loaded);
  const { port } = await startService(t, GATEWAY.replace(/ {2}revocation:\n.*\n.*\n.*\n/, ""), {
    change: state.snapshot,
  });
  return { state, port };
}

/** So that each cut is in the file while every question is asked. */
async function askedAll(asking: Asking): Promise<void> {
  const before = asking.figures().asked;
  while (asking.figures().asked < before + 4) await nextTurn();
}

/** Reloads with each content in the file; it must be refused for this reason, and nothing may change. */
async function refuseAll(
  state: State,
  asking: Asking,
  file: string,
  contents: Iterable<string | Uint8Array>,
  why: RegExp,
): Promise<number> {
  const before = state.snapshot();
  let count = 0;
  for (const content of contents) {
    writeFileSync(file, content);
    const loaded = await state.reload();
    assert.ok(loaded.errors.length > 0, `${content.length} bytes were taken`);
    for (const error of messagesOf(loaded.errors)) {
      assert.ok(error.startsWith(file), error);
      assert.match(error, why);
    }
    assert.equal(state.snapshot(), before);
    await askedAll(asking);
    count++;
  }
  return count;
}

function* prefixes<Content extends string | Uint8Array>(content: Content): Generator<Content> {
  for (let length = 0; length < content.length; length++) yield content.slice(0, length) as Content;
}

const CUT =
  /neither a signed revocation list nor one in standard base64|isn't a signed revocation list .* or it was cut/;

test("no prefix of a signed list is taken for one, and what is revoked stays so while requests run", async (t) => {
  const { state, port } = await startReloadable(t);
  const asking = keepAsking(t, overGrpc(port), questions());
  const next = list({ version: 6, ids: [revokedId, `tnu_wrt_${"0".repeat(32)}`] });
  const asBytes = await refuseAll(state, asking, listFile, prefixes(next), CUT);
  const asText = await refuseAll(
    state,
    asking,
    listFile,
    prefixes(Buffer.from(next).toString("base64")),
    CUT,
  );
  const figures = await asking.stop();
  t.diagnostic(`${asBytes} prefixes as bytes, ${asText} as text: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
  writeFileSync(listFile, next);
  assert.deepEqual((await state.reload()).errors, []);
});

test("nor is any of a list so large that another thread reads it", async (t) => {
  const { state, port } = await startReloadable(t);
  const asking = keepAsking(t, overGrpc(port), questions());
  const ids = Array.from({ length: 20_000 }, () => randomBytes(16).toString("hex"));
  const next = list({ version: 6, ids: [revokedId, ...ids] });
  const cuts = [0.1, 0.5, 0.9].map((part) => Math.floor(next.length * part));
  const contents = [...cuts, next.length - 64, next.length - 1].map((length) => next.subarray(0, length));
  await refuseAll(state, asking, listFile, contents, CUT);
  writeFileSync(listFile, next);
  assert.deepEqual((await state.reload()).errors, []);
  const figures = await asking.stop();
  t.diagnostic(told(figures));
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
});

test("a gateway.yaml cut behind any line allows nothing that the whole one denies", async (t) => {
  const { state, port } = await startReloadable(t);
  const asking = keepAsking(t, overGrpc(port), questions(["no_route"]));
  const lines = GATEWAY.split("\n").slice(0, -1);
  const taken: string[] = [];
  for (let count = 0; count < lines.length; count++) {
    const text = lines.slice(0, count).map((line) => `${line}\n`);
    writeFileSync(configFile, text.join(""));
    const loaded = await state.reload();
    if (loaded.errors.length === 0) taken.push(text.at(-1)?.trim() ?? "");
    for (const error of messagesOf(loaded.errors))
      assert.match(error, new RegExp(`^${configFile}(:\\d+:\\d+)?: `));
    assert.ok(state.snapshot().policy.trust.revocation !== undefined);
    await askedAll(asking);
  }
  const figures = await asking.stop();
  t.diagnostic(`${lines.length} cuts, taken behind: ${taken.join(" | ")}; ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
  // A cut there is a whole file: it lacks a bound of age, and what was the default anyway.
  assert.deepEqual(taken, ["file: list", "max_age_secs: 86400", "required: true"]);
});

test("a file of keys cut behind any byte trusts no one whom the whole one doesn't, and never no one at all", async (t) => {
  const { state, port } = await startReloadable(t);
  const asking = keepAsking(t, overGrpc(port), questions(["untrusted_root"]));
  const roots = new Set([root.publicKey.hex, otherRoot.publicKey.hex]);
  let taken = 0;
  for (const text of prefixes(KEYS)) {
    writeFileSync(trustedKeysFile, text);
    if ((await state.reload()).errors.length === 0) taken++;
    const trusted = [...state.snapshot().policy.trust.roots];
    assert.ok(trusted.length > 0 && trusted.every((key) => roots.has(key)));
    await askedAll(asking);
  }
  const figures = await asking.stop();
  t.diagnostic(`${KEYS.length} cuts, ${taken} of them whole files: ${told(figures)}`);
  assert.deepEqual([figures.wrong, figures.errors], [[], 0]);
});
