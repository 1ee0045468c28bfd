import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { accessLogEntry } from "../support/access-log.ts";
import { type Answerer, callHeaders, keepAsking, type Question, told } from "../support/asking.ts";
import { forgedResults } from "../support/bypass/arrival.ts";
import { credentials, type HeaderLines, send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import type { Line } from "../support/service.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import type { Received } from "../support/upstream.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const MODES = ["enforce", "audit", "permissive"] as const;
type Mode = (typeof MODES)[number];

const root = newKey();
const agent = newKey();
const warrant = await ownIssuer.mint(root, {
  holder: agent,
  tools: { read_file: { name: { pattern: "a*" } } },
});
const call = { tool: "read_file", args: { name: "a" } };

/**
 * A route of each mode, and one with that of the file. A container's file can't be replaced in one step, so what nothing
 * can do without stands last: a file that was cut is an error.
 */
const gatewayYaml = (mode: Mode): string => `
version: "2"
routes:
  - {pattern: "/default/{name}", method: GET, tool: read_file}
${MODES.map((each) => `  - {pattern: "/${each}/{name}", method: GET, tool: read_file, mode: ${each}}`).join("\n")}
tools: {read_file: {constraints: {name: {from: path, path: name, required: true}}}}
settings: {mode: ${mode}}
`;

let stack: Stack;
const skip = await noStack();
before(async () => {
  if (skip) return;
  stack = await startStack({ trustedKeys: [root.publicKey.hex], gatewayYaml: gatewayYaml("audit") });
});
after(() => stack?.stop());

/** What each party sees of one request whose client forges every header that speaks for the service. */
interface Seen {
  readonly status: number;
  /** `x-tenuo-…` headers of the answer to the client, but for the request id. */
  readonly client: Readonly<Record<string, string>>;
  /** Those that reached the upstream, credentials left out; undefined where nothing did. */
  readonly upstream: Readonly<Record<string, readonly string[]>> | undefined;
  readonly requestId: string;
}

async function see(target: string, headers: HeaderLines): Promise<Seen> {
  const answer = await send(stack.gateway(), { target, headers: [...forgedResults, ...headers] });
  const { "x-tenuo-request-id": toldId, ...client } = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => name.startsWith("x-tenuo-")),
  );
  if (answer.status !== 200) {
    return {
      status: answer.status,
      client: client as Seen["client"],
      upstream: undefined,
      requestId: String(toldId),
    };
  }
  const upstream: Record<string, string[]> = {};
  for (const [line, value] of (JSON.parse(answer.body) as Received).headers) {
    const name = line.toLowerCase();
    if (!name.startsWith("x-tenuo-") || name === "x-tenuo-warrant" || name === "x-tenuo-pop") continue;
    upstream[name] = [...(upstream[name] ?? []), value];
  }
  const [requestId = ""] = upstream["x-tenuo-request-id"] ?? [];
  return { status: answer.status, client: client as Seen["client"], upstream, requestId };
}

function lines(): readonly Line[] {
  const output = stack.serviceOutput().split("\n");
  return output.filter((line) => line.startsWith("{") && line.endsWith("}")).map((line) => JSON.parse(line));
}

function lineOf(requestId: string): Promise<Line> {
  return waitFor(`the line of ${requestId}`, () => lines().find((line) => line["request_id"] === requestId));
}

async function status(): Promise<Line> {
  const { host, port } = stack.health();
  return (await (await fetch(`http://${host}:${port}/status`)).json()) as Line;
}

/** Holds an unproven call against what the mode promises to client, upstream, log and Envoy's access log. */
async function assertWouldBeDenied(target: string, mode: Mode): Promise<void> {
  const proof = await ownIssuer.proof(warrant, agent, { ...call, args: { name: "b" } });
  const seen = await see(target, credentials(warrant, proof));
  const reason = "constraint_violation";
  const { requestId } = seen;
  if (mode === "enforce") {
    assert.deepEqual(
      { ...seen, requestId: "" },
      { status: 403, client: { "x-tenuo-deny-reason": reason }, upstream: undefined, requestId: "" },
      target,
    );
  } else {
    const warning = mode === "permissive" ? { "x-tenuo-warning": reason } : {};
    assert.equal(seen.status, 200, target);
    assert.deepEqual(seen.client, warning, target);
    const arrived = mode === "permissive" ? { "x-tenuo-warning": [reason] } : {};
    assert.deepEqual(seen.upstream, { "x-tenuo-request-id": [requestId], ...arrived }, target);
  }
  const decision = mode === "enforce" ? "deny" : "would_deny";
  const line = await lineOf(requestId);
  assert.deepEqual(
    [line["level"], line["event"], line["decision"], line["reason"], line["mode"], line["path"]],
    ["warn", "authorization_denied", decision, reason, mode, target],
  );
  const { tenuo } = await accessLogEntry(stack, requestId);
  assert.deepEqual(
    [tenuo.decision, tenuo.reason, tenuo.mode, tenuo.tool],
    [decision, reason, mode, "read_file"],
    target,
  );
  // A fact that isn't proven would look like one in a later filter.
  assert.equal(tenuo.warrant_id === null, mode !== "enforce", target);
}

describe("modes, behind Envoy", { skip }, () => {
  it("the start in a mode that doesn't block is told aloud, in the log and on standard error", async () => {
    // The stack has both outputs in one, as `kubectl logs` does.
    for (const told of ["mode", "notice"]) {
      const line = await waitFor(`the event ${told}`, () => lines().find(({ event }) => event === told));
      assert.equal(line["level"], "warn");
      assert.match(String(line["message"]), /^ONLY SOME ROUTES BLOCK: the mode is audit /);
    }
    assert.equal((await status())["mode"], "audit");
  });

  for (const mode of MODES) {
    it(`${mode} for the file, and each route with a mode of its own`, async () => {
      await stack.reloadService(gatewayYaml(mode));
      assert.equal((await status())["mode"], mode);
      await assertWouldBeDenied("/default/b", mode);
      for (const own of MODES) await assertWouldBeDenied(`/${own}/b`, own);
    });

    it(`${mode} tells proven facts of a call that is right, and no warning`, async () => {
      await stack.reloadService(gatewayYaml(mode));
      const proof = await ownIssuer.proof(warrant, agent, call);
      const seen = await see("/default/a", credentials(warrant, proof));
      assert.deepEqual([seen.status, seen.client], [200, {}]);
      assert.deepEqual(seen.upstream, {
        "x-tenuo-warrant-id": [await ownIssuer.identifier(warrant)],
        "x-tenuo-tool": ["read_file"],
        "x-tenuo-holder": [agent.publicKey.hex],
        "x-tenuo-root": [root.publicKey.hex],
        "x-tenuo-chain-depth": ["0"],
        "x-tenuo-request-id": [seen.requestId],
      });
      const line = await lineOf(seen.requestId);
      assert.deepEqual(
        [line["event"], line["decision"], line["mode"]],
        ["authorization_success", "allow", mode],
      );
    });
  }

  it("a change of mode takes no request down and is in force when the reload is told", async (t) => {
    await stack.reloadService(gatewayYaml("audit"));
    const answerer: Answerer = {
      ask: async (target, headers) => {
        const answer = await send(stack.gateway(), { target, headers: Object.entries(headers) });
        return answer.status === 200 ? "allow" : String(answer.headers["x-tenuo-deny-reason"]);
      },
      close: () => {},
    };
    const right = callHeaders(warrant, agent, call);
    const bare = async () => ({});
    const questions: readonly Question[] = [
      { name: "right", target: "/default/a", headers: right, expected: ["allow"] },
      { name: "bare", target: "/default/a", headers: bare, expected: ["allow", "missing_warrant"] },
      { name: "always enforced", target: "/enforce/a", headers: bare, expected: ["missing_warrant"] },
      { name: "never enforced", target: "/audit/a", headers: bare, expected: ["allow"] },
    ];
    const asking = keepAsking(t, answerer, questions);
    for (let round = 0; round < 5; round++) {
      for (const mode of ["enforce", "permissive", "audit"] as const) {
        await stack.reloadService(gatewayYaml(mode));
        const expected = mode === "enforce" ? "missing_warrant" : "allow";
        assert.equal(await answerer.ask("/default/a", {}), expected, mode);
      }
    }
    const figures = await asking.stop();
    t.diagnostic(`15 changes of mode: ${told(figures)}`);
    assert.deepEqual([[...new Set(figures.wrong)], figures.errors], [[], 0]);
    assert.ok(figures.asked > questions.length);
  });
});
