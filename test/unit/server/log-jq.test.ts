import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { connectAuthorization } from "../../../src/server/grpc/client.ts";
import { createLog } from "../../../src/server/log/log.ts";
import { DECISION_FIELDS } from "../../../src/server/log/log-fields.ts";
import { blocksIn } from "../../support/fenced-blocks.ts";
import { missing } from "../../support/missing.ts";
import { ownIssuer } from "../../support/own.ts";
import { startServe } from "../../support/service.ts";
import { newKey } from "../../support/warrants.ts";

const root = newKey();
const holder = newKey();
const gatewayYaml = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]}
tools: {read_file: {constraints: {path: {from: path, path: path, required: true}}}}
routes:
  - {pattern: "/files/{*path}", method: GET, tool: read_file}
  - {pattern: "/watched/{*path}", method: GET, tool: read_file, mode: audit}
`;

/** As the Tenuo guides print them. */
const GUIDES = {
  denials: `kubectl logs -l app=tenuo-authorizer -f | \\
jq 'select(.event == "authorization_denied")'`,
  "by tool": `kubectl logs -l app=tenuo-authorizer -f | \\
jq 'select(.tool == "read_file")'`,
  "by reason": `kubectl logs -l app=tenuo-authorizer --since=1h | \\
jq -r 'select(.event == "authorization_denied") | .reason' | \\
sort | uniq -c | sort -rn`,
  "allow and deny per tool": `kubectl logs -l app=tenuo-authorizer --since=1h | \\
jq -r 'select(.event | test("authorization_")) | "\\(.event) \\(.tool)"' | \\
sort | uniq -c | sort -rn`,
} as const;

/** Of lines that tell no decision, as far as pages ask for them. */
const EVENT_FIELDS = [
  ...["message", "cause", "result", "kept", "errors", "changes"],
  ...["lines", "err", "count", "spans_lost"],
];

const repository = new URL("../../../", import.meta.url);
const page = readFileSync(new URL("../../../docs/log.md", import.meta.url), "utf8");

const jq = spawnSync("jq", ["--version"]);
const skip = jq.status === 0 ? false : missing("the filters of the documents, for want of jq", jq.error);

const folder = mkdtempSync(join(tmpdir(), "tenuo-jq-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "log");
let requestId = "";

/** What a shell prints for a command, where `kubectl` shows the log. */
function printed(command: string): string {
  const script = `kubectl() { cat ${JSON.stringify(file)}; }\nset -o pipefail\n${command}\n`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""], command);
  return stdout;
}

function linesOf(text: string): readonly string[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.trim());
}

/** Both outputs of `serve`, as Kubernetes mixes them: a start, decisions, reloads, a fault, an end. */
async function writeLog(t: TestContext): Promise<void> {
  const service = await startServe(t, gatewayYaml);
  const warrant = await ownIssuer.mint(root, {
    holder,
    tools: { read_file: { path: { pattern: "data/*" } } },
  });
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  const ask = async (path: string, proven?: string): Promise<void> => {
    const call = { tool: "read_file", args: { path: proven ?? "" } };
    const proof = await ownIssuer.proof(warrant, holder, call);
    const headers = proven === undefined ? {} : { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof };
    await authorizer.check({ attributes: { request: { http: { method: "GET", path, headers } } } });
  };
  await ask("/files/data/a", "data/a");
  await ask("/files/data/b", "data/b");
  writeFileSync(service.config, "version: 3");
  await service.reload();
  await ask("/files/etc/passwd", "etc/passwd");
  await ask("/files/etc/passwd", "etc/passwd");
  writeFileSync(service.config, `${gatewayYaml}  - {pattern: "/more/{path}", tool: read_file}\n`);
  await service.reload();
  await ask("/watched/data/a");
  await ask("/elsewhere");
  authorizer.close();
  const lines = await service.stop();
  requestId = JSON.parse(lines.find((line) => line.includes('"decision":"would_deny"')) ?? "{}").request_id;
  const half = Math.floor(lines.length / 2);
  const mixed = [...lines.slice(0, half), service.stderr().trimEnd(), ...lines.slice(half)];
  writeFileSync(file, `${mixed.join("\n")}\n`);
  const log = createLog("info", openSync(file, "a"));
  log.fault("a check failed", new Error("a bug"), "req_1");
  await log.end();
}

test("jq on the log", { skip }, async (t) => {
  await writeLog(t);

  await t.test("the lines of the guides print what they are for", () => {
    assert.equal(printed(GUIDES.denials).match(/^\{$/gm)?.length, 4);
    assert.equal(printed(GUIDES["by tool"]).match(/^\{$/gm)?.length, 5);
    assert.deepEqual(linesOf(printed(GUIDES["by reason"])), [
      "2 constraint_violation",
      "1 no_route",
      "1 missing_warrant",
    ]);
    assert.deepEqual(linesOf(printed(GUIDES["allow and deny per tool"])), [
      "3 authorization_denied read_file",
      "2 authorization_success read_file",
      "1 authorization_denied null",
    ]);
  });

  const recipes = new Map(
    Array.from(page.matchAll(/^# (.+)\n(kubectl .+)$/gm), ([, title = "", command = ""]) => [title, command]),
  );

  const expected: Readonly<Record<string, (lines: readonly string[]) => void>> = {
    "What was denied, and what would have been but for the mode": (lines) => assert.equal(lines.length, 4),
    "One request, by the id that the client was told": (lines) =>
      assert.ok(lines.includes('"decision": "would_deny",')),
    "Denials of the last hour by reason": (lines) =>
      assert.deepEqual(lines, ["2 constraint_violation", "1 no_route", "1 missing_warrant"]),
    "Decisions by tool": (lines) =>
      assert.deepEqual(lines, [
        "2 deny read_file",
        "2 allow read_file",
        "1 would_deny read_file",
        "1 deny -",
      ]),
    "Which values break which constraints": (lines) =>
      assert.deepEqual(lines, ["2 read_file path=etc/passwd Pattern(data/*)"]),
    "The slowest checks, in microseconds": (lines) => {
      assert.equal(lines.length, 5);
      const times = lines.map((line) => Number(/^(\d+) req_/.exec(line)?.[1]));
      assert.deepEqual(
        times,
        times.toSorted((a, b) => b - a),
      );
    },
    "What else happened: starts, reloads, warnings, faults": (lines) => {
      const events = new Set(
        lines.map((line) => JSON.parse(line)).map(({ level, event }) => `${level} ${event}`),
      );
      for (const event of ["info listening", "error reload", "info reload", "warn mode", "error fault"])
        assert.ok(events.has(event), `${event} in ${[...events]}`);
      assert.ok(events.has("warn notice") && events.has("error notice"));
      assert.ok(events.has("info stopped"));
    },
    "Allows by tool, made up for sampling": (lines) => assert.deepEqual(lines, ["read_file 2"]),
  };

  await t.test("the page on the log has these recipes and no others", () => {
    assert.deepEqual([...recipes.keys()], Object.keys(expected));
    assert.equal(page.match(/^kubectl /gm)?.length, recipes.size);
  });

  for (const [title, check] of Object.entries(expected)) {
    await t.test(title, () => {
      const command = recipes.get(title) ?? "";
      check(linesOf(printed(command.replace(/req_[0-9a-f]{32}/, requestId))));
    });
  }

  const filters = globSync("docs/*.md", { cwd: repository }).flatMap((name) => {
    const text = readFileSync(new URL(name, repository), "utf8");
    const filters = blocksIn(text, "sh").filter((block) => block.startsWith("jq "));
    return filters.map((filter) => ({ name, filter }));
  });
  assert.ok(filters.length > 10);
  for (const { name, filter } of filters) {
    await t.test(`${name}: ${filter.trim()}`, () => {
      printed(`kubectl logs | ${filter.trim()}`);
      const shown = Array.from(filter.matchAll(/\{([^{}"]+)\}/g), ([, keys = ""]) => keys.split(", ")).flat();
      const asked = Array.from(filter.matchAll(/\.([a-z_]+)/g), ([, field = ""]) => field);
      for (const field of [...asked, ...shown.filter((key) => !key.includes(":"))])
        assert.ok(field in DECISION_FIELDS || EVENT_FIELDS.includes(field), `no field ${field}`);
    });
  }
});

test("the example of the page on the log has the names and the order of the code", () => {
  const example = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? "");
  const known = Object.keys(DECISION_FIELDS);
  assert.deepEqual(
    Object.keys(example),
    known.filter((name) => name in example),
  );
});
