import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { type SigningKey, seedOf } from "../../../../src/crypto/ed25519.ts";
import { connectAuthorization } from "../../../../src/server/grpc/client.ts";
import { createLog } from "../../../../src/server/log/log.ts";
import { finish } from "../../../../src/steps.ts";
import { requestHash } from "../../../../src/warrant/approval/request-hash.ts";
import { parseWarrantHeader } from "../../../../src/warrant/header.ts";
import { leafOf, type Stack } from "../../../../src/warrant/warrant.ts";
import { approvalsHeader, signApproval } from "../../../support/approvals.ts";
import { ownIssuer } from "../../../support/own.ts";
import { type Line, startServe } from "../../../support/service.ts";
import { waitFor } from "../../../support/wait.ts";
import { newKey } from "../../../support/warrants.ts";

const root = newKey();
const holder = newKey();

const GATEWAY = `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"], debug_mode: true}
tools:
  read_file: {constraints: {path: {from: path, path: path, required: true}}}
  count: {constraints: {n: {from: query, path: n, type: integer}}}
routes:
  - {pattern: "/files/{path}", method: GET, tool: read_file}
  - {pattern: "/watched/{path}", method: GET, tool: read_file, mode: audit}
  - {pattern: "/warned/{path}", method: GET, tool: read_file, mode: permissive}
  - {pattern: "/count", method: GET, tool: count}
`;

interface Asked {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks `serve` one question after the other. @returns every line it wrote, from start to end. */
async function served(t: TestContext, questions: readonly Asked[]): Promise<readonly string[]> {
  const service = await startServe(t, GATEWAY);
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  for (const { path, headers = {} } of questions) {
    const http = { method: "GET", path, host: "api.test", protocol: "HTTP/1.1", headers };
    const source = { address: { socketAddress: { address: "203.0.113.9" } } };
    await authorizer.check({ attributes: { source, request: { http } } });
  }
  authorizer.close();
  const [notice, ...others] = service.notices();
  assert.match(String(notice), /^SOME ROUTES DON'T BLOCK/);
  assert.deepEqual(others, []);
  return service.stop();
}

async function credentials(path: string, signer: SigningKey = holder, issuer: SigningKey = root) {
  const tools = { read_file: { path: { pattern: "re*" } }, count: { n: { range: [1, 5] } } } as const;
  const warrant = await ownIssuer.mint(issuer, { holder, tools });
  const proof = await ownIssuer.proof(warrant, signer, { tool: "read_file", args: { path } });
  return { "x-tenuo-warrant": warrant, "x-tenuo-pop": proof };
}

function parse(lines: readonly string[]): readonly Line[] {
  return lines.map((line) => JSON.parse(line));
}

function decisionsOf(lines: readonly Line[]): readonly Line[] {
  return lines.filter(({ event }) => String(event).startsWith("authorization_"));
}

const TELL = `
const snapshot = { policy: { gateway: { settings: { log: { redact: new Set(), sampleAllow: 1 } } } }, config: {} };
const tell = (decision, request, caller = {}, ms = 0) =>
  log.decision({ decision, request, caller, requestId: "req_1", receivedAt: 0, answeredAt: ms }, snapshot);
`;

/** What a program prints that does this with a log. */
function printed(body: string, level = "info"): readonly string[] {
  const file = new URL("../../../../src/server/log/log.ts", import.meta.url);
  const script = `import { createLog } from ${JSON.stringify(file)};\nconst log = createLog("${level}");\n${TELL}${body}`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout.split("\n").slice(0, -1);
}

test("every decision is one line with all that was promised", async (t) => {
  const headers = {
    "x-request-id": "envoy-1",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  const lines = await served(t, [
    { path: "/files/report?q=1", headers: { ...headers, ...(await credentials("report")) } },
    { path: "/files/secret?q=1", headers: { ...headers, ...(await credentials("secret")) } },
    { path: "/watched/report?q=1", headers },
    { path: "/warned/report?q=1", headers },
  ]);
  const decisions = decisionsOf(parse(lines));
  const seen = {
    envoy_request_id: "envoy-1",
    trace_id: "0af7651916cd43dd8448eb211c80319c",
    client: "203.0.113.9",
    host: "api.test",
    method: "GET",
    tool: "read_file",
  };
  const facts = { holder: holder.publicKey.hex, root: root.publicKey.hex };
  const missing = {
    level: "warn",
    event: "authorization_denied",
    decision: "would_deny",
    reason: "missing_warrant",
  };
  const expected: readonly Line[] = [
    {
      ...{ level: "info", event: "authorization_success", decision: "allow" },
      ...{ ...seen, ...facts, path: "/files/report", mode: "enforce" },
    },
    {
      ...{ level: "warn", event: "authorization_denied", decision: "deny", reason: "constraint_violation" },
      ...{ constraint: "path", expected: "Pattern(re*)", actual: "secret" },
      ...{ ...seen, ...facts, path: "/files/secret", mode: "enforce" },
    },
    { ...missing, ...seen, path: "/watched/report", mode: "audit" },
    { ...missing, ...seen, path: "/warned/report", mode: "permissive" },
  ];
  assert.equal(decisions.length, expected.length);
  for (const [i, line] of decisions.entries()) {
    const {
      time,
      request_id: requestId,
      duration_us: duration,
      warrant_id: warrantId,
      chain,
      detail,
      ...rest
    } = line;
    assert.deepEqual(rest, expected[i]);
    assert.equal(typeof detail, expected[i]?.["reason"] === undefined ? "undefined" : "string");
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(requestId), /^req_[0-9a-f]{32}$/);
    assert.ok(Number.isInteger(duration) && Number(duration) > 0);
    assert.equal(warrantId !== undefined, "root" in (expected[i] ?? {}));
    if (warrantId === undefined) assert.equal(chain, undefined);
    else {
      assert.match(String(warrantId), /^tnu_wrt_/);
      assert.deepEqual(chain, [warrantId]);
    }
  }
  assert.equal(new Set(decisions.map((line) => line["request_id"])).size, expected.length);
});

test("a line tells which request lacks approvals, and who approved one", async (t) => {
  const [manager, auditor] = [newKey(), newKey()];
  const warrant = await ownIssuer.mint(root, {
    holder,
    tools: { read_file: { path: { wildcard: true } } },
    approval: { tool: "read_file", message: "hush", approvers: [manager, auditor], min: 1 },
  });
  const call = { tool: "read_file", args: { path: "report" } };
  const hash = finish(
    requestHash(
      leafOf(finish(parseWarrantHeader(warrant)) as Stack),
      "read_file",
      new Map([["path", "report"]]),
    ),
  );
  const headers = {
    "x-tenuo-warrant": warrant,
    "x-tenuo-pop": await ownIssuer.proof(warrant, holder, call),
  };
  const approval = signApproval(auditor, { requestHash: hash, externalId: `auditor\n${"b".repeat(5000)}` });
  const [denied, allowed] = decisionsOf(
    parse(
      await served(t, [
        { path: "/files/report", headers },
        { path: "/files/report", headers: { ...headers, "x-tenuo-approvals": approvalsHeader([approval]) } },
      ]),
    ),
  );
  assert.equal(denied?.["reason"], "approval_required");
  assert.equal(denied["request_hash"], Buffer.from(hash).toString("hex"));
  assert.deepEqual([denied["required_approvals"], denied["received_approvals"]], [1, 0]);
  const externalId = `auditor\n${"b".repeat(1016)}`;
  assert.deepEqual(allowed?.["approvals"], [{ approver: auditor.publicKey.hex, external_id: externalId }]);
});

test("the name of who approved can be redacted, the key can't", () => {
  const [line = {}] = parse(
    printed(`
    snapshot.policy.gateway.settings.log.redact = new Set(["external_id"]);
    const approvals = [{ approver: "ab", externalId: "hush" }, { approver: "cd", externalId: "" }];
    tell({ allow: true, mode: "enforce", approvals }, { authority: "", method: "GET", target: "/" });
  `),
  );
  assert.deepEqual(line["approvals"], [
    { approver: "ab", external_id: "[redacted]" },
    { approver: "cd", external_id: "[redacted]" },
  ]);
});

test("the filters of the guides find what they look for, and meet no line without an event", async (t) => {
  const lines = parse(
    await served(t, [
      { path: "/files/report", headers: await credentials("report") },
      { path: "/files/secret", headers: await credentials("secret") },
      { path: "/watched/report" },
      { path: "/nowhere" },
    ]),
  );
  const select = (filter: (line: Line) => boolean) => lines.filter(filter).length;
  assert.equal(
    select((line) => line["event"] === "authorization_denied"),
    3,
  );
  assert.equal(
    select((line) => line["tool"] === "read_file"),
    3,
  );
  // `.event|test("…")` of jq fails on anything but text.
  for (const { event } of lines) assert.equal(typeof event, "string");
  assert.equal(
    select(({ event }) => /authorization_/.test(event as string)),
    4,
  );
  const others = lines.filter(({ event }) => !/authorization_/.test(event as string));
  for (const event of ["listening", "stopping", "stopped"])
    assert.ok(others.some((line) => line["event"] === event));
});

test("no warrant, no proof and no secret key is ever in a line", async (t) => {
  const good = await credentials("report");
  const wrongProof = await credentials("report", newKey());
  const stranger = await credentials("report", holder, newKey());
  const seed = Buffer.from(seedOf(holder)).toString("hex");
  const cut = good["x-tenuo-warrant"].slice(0, -5);
  const lines = await served(t, [
    { path: "/files/report", headers: good },
    { path: "/files/secret", headers: good },
    { path: "/watched/secret", headers: good },
    { path: "/files/report", headers: wrongProof },
    { path: "/files/report", headers: stranger },
    { path: "/files/report", headers: { ...good, "x-tenuo-warrant": cut } },
    { path: "/files/report", headers: { ...good, "x-tenuo-warrant": `!${good["x-tenuo-warrant"]}` } },
    { path: "/files/report", headers: { ...good, "x-tenuo-warrant": seed } },
    { path: "/files/report", headers: { ...good, "x-tenuo-pop": good["x-tenuo-warrant"] } },
    { path: "/files/report", headers: { ...good, "x-tenuo-pop": seed } },
    { path: "/files/report", headers: { ...good, "x-tenuo-approvals": good["x-tenuo-pop"] } },
    { path: "/files/report", headers: { ...good, "x-tenuo-pop": `${good["x-tenuo-pop"]},${seed}` } },
    { path: "/files/report", headers: { ...good, x_tenuo_warrant: good["x-tenuo-warrant"] } },
    { path: `/files/report?warrant=${good["x-tenuo-warrant"]}&pop=${good["x-tenuo-pop"]}`, headers: good },
    { path: "/files/report", headers: { ...good, authorization: `Bearer ${seed}` } },
  ]);
  assert.equal(decisionsOf(parse(lines)).length, 15);
  const secrets = [good, wrongProof, stranger].flatMap((each) => Object.values(each));
  const log = lines.join("\n");
  for (const secret of [...secrets, seed]) {
    // A part of it would do for a search engine, if not for a thief.
    for (let at = 0; at + 24 <= secret.length; at += 24)
      assert.ok(!log.includes(secret.slice(at, at + 24)), `${secret.slice(at, at + 24)} at ${at}`);
  }
});

test("what a client sends is cut to 1024 characters, a path without its query", () => {
  const [line] = printed(`
    const long = "é".repeat(5000);
    const request = { authority: long, method: long, target: "/" + long + "?" + long };
    const caller = { client: "c", envoyRequestId: long, parent: undefined };
    const decision = { allow: false, mode: "enforce", reason: "constraint_violation", detail: long,
      field: long, constraint: long, value: [long] };
    tell(decision, request, caller, 1.2346);
  `);
  const { time, chain, ...fields } = JSON.parse(line ?? "");
  assert.ok((line?.length ?? 0) < 10 * 1024);
  for (const name of [
    "envoy_request_id",
    "host",
    "method",
    "path",
    "constraint",
    "expected",
    "actual",
    "detail",
  ])
    assert.equal(fields[name].length, 1024, name);
  assert.equal(fields.duration_us, 1235);
});

test("a query is left out of the path also where nothing is long, and a target that is only one leaves nothing", () => {
  const lines = printed(`
    const decision = { allow: false, mode: "enforce", reason: "no_route", detail: "" };
    for (const target of ["/a?b=hush", "/a?b?c=hush", "?hush", "/a", ""])
      tell(decision, { authority: "", method: "GET", target });
  `);
  assert.deepEqual(
    parse(lines).map((line) => line["path"]),
    ["/a", "/a", "", "/a", ""],
  );
  assert.doesNotMatch(lines.join("\n"), /hush/);
});

test("a value is told whatever its kind, and left out only where the request has none", () => {
  const lines = printed(`
    const request = { authority: "", method: "GET", target: "/" };
    const decision = { allow: false, mode: "enforce", reason: "constraint_violation", detail: "", field: "n", constraint: "C" };
    for (const value of [0n, 0, false, null, "", ["a", 1n], new Map([["a", 1n]]), undefined])
      tell({ ...decision, value }, request);
  `);
  assert.deepEqual(
    parse(lines).map((line) => line["actual"]),
    ["0", "0.0", "false", "null", '""', '["a",1]', '{"a":1}', undefined],
  );
});

test("one decision is one line of JSON, whatever a client puts into it", () => {
  const lines = printed(String.raw`
    const odd = 'a\n"event":"authorization_success"\r\u2028\u0000\ud83d' + "x";
    const request = { authority: odd, method: odd, target: odd };
    const decision = { allow: false, mode: "enforce", reason: "constraint_violation", detail: odd, field: odd, constraint: "C", value: odd };
    tell(decision, request, { envoyRequestId: odd });
  `);
  assert.equal(lines.length, 1);
  const [line = {}] = parse(lines);
  assert.equal(line["event"], "authorization_denied");
  assert.ok(String(line["host"]).startsWith('a\n"event":"authorization_success"\r\u2028\u0000'));
});

test("what isn't a decision has an event and a message too, and a fault its cause", () => {
  const [info, warn, fault] = parse(
    printed(`
    log.info("listening", "on port 1", { port: 1 });
    log.warn("mode", "nothing is blocked");
    log.fault("a check failed", new Error("outer", { cause: new Error("inner") }), "req_1");
  `),
  );
  assert.deepEqual(
    { ...info, time: 0 },
    {
      ...{ level: "info", time: 0, event: "listening", port: 1, message: "on port 1" },
    },
  );
  assert.deepEqual(
    { ...warn, time: 0 },
    { level: "warn", time: 0, event: "mode", message: "nothing is blocked" },
  );
  const { level, event, request_id: requestId, message, err } = fault ?? {};
  assert.deepEqual([level, event, requestId, message], ["error", "fault", "req_1", "a check failed"]);
  assert.match(JSON.stringify(err), /outer.*inner/s);
});

test("what is redacted and which allows are logged changes with a reload; denials are always logged", async (t) => {
  const service = await startServe(t, GATEWAY);
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  const [allowed, denied] = [await credentials("report"), await credentials("secret")];
  const askedUnder = async (settings: string): Promise<readonly Line[]> => {
    writeFileSync(service.config, GATEWAY.replace("debug_mode: true", settings));
    await service.reload();
    const before = service.lines().length;
    for (const [path, headers] of [
      ["/files/report", allowed],
      ["/files/secret", denied],
      ["/watched/secret", denied],
    ] as const)
      await authorizer.check({ attributes: { request: { http: { method: "GET", path, headers } } } });
    const linesSince = (): readonly Line[] => decisionsOf(service.lines().slice(before));
    return waitFor("the lines", () => (linesSince().at(-1)?.["mode"] === "audit" ? linesSince() : undefined));
  };
  const told = (lines: readonly Line[]) =>
    lines.map((line) => [line["decision"], line["actual"], line["path"], line["sample_allow"]]);

  assert.deepEqual(told(await askedUnder("log: {redact: [actual], sample_allow: 0}")), [
    ["deny", "[redacted]", "/files/{path}", undefined],
    ["would_deny", "[redacted]", "/watched/{path}", undefined],
  ]);
  assert.deepEqual(told(await askedUnder("log: {redact: [path], sample_allow: 0.9999999999}")), [
    ["allow", undefined, "[redacted]", 0.9999999999],
    ["deny", "[redacted]", "[redacted]", undefined],
    ["would_deny", "[redacted]", "[redacted]", undefined],
  ]);
  assert.deepEqual(told(await askedUnder("log: {}")), [
    ["allow", undefined, "/files/report", undefined],
    ["deny", "secret", "/files/secret", undefined],
    ["would_deny", "secret", "/watched/secret", undefined],
  ]);
});

test("a level keeps quiet what is below it", () => {
  const script = `
    const request = { authority: "", method: "GET", target: "/" };
    tell({ allow: true, mode: "enforce", tool: "t", approvals: [] }, request);
    tell({ allow: false, mode: "enforce", reason: "no_route", detail: "" }, request);
    log.fault("a bug", new Error("a bug"));
  `;
  const levels = { info: 3, warn: 2, error: 1, silent: 0 };
  for (const [level, count] of Object.entries(levels))
    assert.equal(printed(script, level).length, count, level);
});

test("a reader that takes no lines holds up nobody, and learns how many it missed", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const log = createLog("info", openSync(pipe, "r+"));
  const count = 60_000;
  for (let i = 0; i < count; i++) log.info("ready", "b".repeat(400));

  const source = createReadStream(pipe);
  let read = 0;
  for await (const line of createInterface(source)) {
    const { event, lines } = JSON.parse(line);
    if (event === "log_lost") {
      assert.equal(read + lines, count);
      assert.equal(log.lostLines(), lines);
      break;
    }
    read++;
  }
  assert.ok(read > 10_000 && read < count, `${read} lines`);
  // A read that waits for more would keep the process from ending.
  log.info("stopped", "line");
  source.destroy();
  await log.end();
});

test("a line that comes while another is written needs no third to be written", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "tenuo-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "log");
  const log = createLog("info", openSync(file, "a"));
  t.after(() => log.end());
  // So large that writing it takes longer than lines are gathered for.
  log.info("ready", "first", { large: "x".repeat(8 * 1024 * 1024) });
  const gathered = performance.now() + 9;
  while (performance.now() < gathered);
  log.info("ready", "last");
  await waitFor("the last line", () => readFileSync(file, "utf8").includes(`"last"`) || undefined);
});

test("a client that knows the configuration can't choose trace ids that stay out of the log", () => {
  const sampling = new URL("../../../../src/server/log/log-sampling.ts", import.meta.url);
  const sha256 = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
  const lines = printed(`
    const { isKept } = await import(${JSON.stringify(sampling)});
    snapshot.policy.gateway.settings.log.sampleAllow = 0.5;
    snapshot.config.sha256 = "${sha256}";
    const decision = { allow: true, approvals: [] };
    const request = { target: "/" };
    for (let id = 0; id < 200; id++) {
      const outcome = { decision, request, caller: {}, requestId: "req_1", traceId: "trace-" + id, receivedAt: 0, answeredAt: 0 };
      if (!isKept(outcome, 0.5, Date.now(), "${sha256}")) log.decision(outcome, snapshot);
    }
  `);
  assert.ok(lines.length > 0);
});
