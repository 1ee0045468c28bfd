import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { findEntry } from "../support/access-log.ts";
import { type Agent, newAgent } from "../support/agent.ts";
import { type Response, send, sendHttp2 } from "../support/client.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { newKey, type Tools } from "../support/warrants.ts";

// envoy/rate-limit.yaml. All of its buckets are refilled by the minute, which no case takes.

const troubleshooting = readFileSync(new URL("../../docs/troubleshooting.md", import.meta.url), "utf8");

const gatewayYaml = `
version: "2"
settings: { strip_credentials: true }
tools: { read_file: {}, place_order: {}, search: {}, watched: {} }
routes:
  - { pattern: /files, tool: read_file }
  - { pattern: /orders, tool: place_order }
  - { pattern: /search, tool: search }
  - { pattern: /watched, tool: watched, mode: audit }
`;
const TARGETS = { read_file: "/files", place_order: "/orders", search: "/search" };
type Tool = keyof typeof TARGETS;
const tools: Tools = { read_file: {}, place_order: {}, search: {} };

const root = newKey();
const otherRoot = newKey();
let stack: Stack;
const skip = await noStack();

before(async () => {
  if (skip) return;
  const trustedKeys = [root.publicKey.hex, otherRoot.publicKey.hex];
  stack = await startStack({ trustedKeys, gatewayYaml, envoyYaml: envoyFile("rate-limit.yaml") });
});
after(() => stack?.stop());

async function call(agent: Agent, tool: Tool): Promise<Response> {
  const headers = await agent.headers({ tool, args: {} });
  return send(stack.gateway(), { target: TARGETS[tool], headers });
}

/** So many calls, until one is above a limit. @returns how many passed */
async function passedOf(count: number, agent: Agent, tool: Tool): Promise<number> {
  for (let passed = 0; passed < count; passed++) {
    const { status } = await call(agent, tool);
    if (status === 429) return passed;
    assert.equal(status, 200);
  }
  return count;
}

/** Passed is what a full bucket holds, and what flows into it meanwhile. @param limit of a minute */
async function assertLimit(limit: number, ask: () => Promise<number>): Promise<void> {
  const started = Date.now();
  const passed = await ask();
  const refilled = Math.ceil((limit * (Date.now() - started)) / 60_000);
  assert.ok(passed >= limit && passed <= limit + refilled, `${passed} passed, the limit is ${limit}`);
}

describe("a rate limit on what the verdict says", { skip }, () => {
  it("is each holder's own, and each tool's", async () => {
    const [one, other] = [await newAgent(root, tools), await newAgent(root, tools)];
    await assertLimit(100, () => passedOf(200, one, "read_file"));
    assert.equal((await call(other, "read_file")).status, 200);
    assert.equal((await call(one, "search")).status, 200);
  });

  it("is lower for a tool that is named", async () => {
    const agent = await newAgent(root, tools);
    await assertLimit(10, () => passedOf(100, agent, "place_order"));
  });

  it("is remembered while many others call", async () => {
    const agent = await newAgent(root, tools);
    await passedOf(100, agent, "place_order");
    for (let others = 0; others < 30; others++)
      assert.equal((await call(await newAgent(root, tools), "place_order")).status, 200);
    assert.ok((await passedOf(10, agent, "place_order")) < 10);
  });

  it("tells itself apart from a denial and from the upstream", async () => {
    const agent = await newAgent(root, tools);
    await passedOf(100, agent, "place_order");
    const { status, headers, body } = await call(agent, "place_order");
    assert.deepEqual([status, body], [429, "local_rate_limited"]);
    assert.equal(headers["x-envoy-ratelimited"], "true");
    assert.equal(headers["x-tenuo-deny-reason"], undefined);
    assert.ok(Number(headers["retry-after"]) > 0);
    const entry = await findEntry(stack, "the entry", (each) => each.status === 429);
    assert.deepEqual([entry.flags, entry.details], ["RL", "local_rate_limited"]);
    assert.ok(troubleshooting.includes("| 429 | `RL` | `local_rate_limited` |"));
    assert.deepEqual([entry.tenuo.decision, entry.tenuo.tool], ["allow", "place_order"]);
    assert.ok(entry.tenuo.request_id);
  });

  it("is RESOURCE_EXHAUSTED to a client of gRPC", async () => {
    const agent = await newAgent(root, tools);
    await passedOf(100, agent, "place_order");
    const headers = [
      ...(await agent.headers({ tool: "place_order", args: {} })),
      ["te", "trailers"] as const,
    ];
    const request = { method: "POST", target: "/orders", headers: [...headers, GRPC] };
    const answer = await sendHttp2(stack.gateway(), request);
    assert.equal(answer.headers["grpc-status"], "8");
  });

  it("counts no call that is denied", async () => {
    const agent = await newAgent(root, tools);
    const stolen = { ...agent, headers: async () => [["x-tenuo-warrant", agent.warrant] as const] };
    for (let i = 0; i < 30; i++) assert.equal((await call(stolen, "place_order")).status, 401);
    await assertLimit(10, () => passedOf(100, agent, "place_order"));
  });

  it("isn't escaped by handing the warrant on to oneself, but for what a root may", async () => {
    const agent = await newAgent(otherRoot, tools);
    await assertLimit(1000, async () => {
      let passed = 0;
      for (let holder = agent; ; holder = await agent.delegate(tools)) {
        const now = await passedOf(100, holder, "search");
        passed += now;
        if (now < 100) return passed;
      }
    });
    assert.ok((await passedOf(100, await newAgent(otherRoot, tools), "search")) < 100);
    assert.equal((await call(await newAgent(root, tools), "search")).status, 200);
  });

  it("has no bucket for a call that isn't proven, as in audit mode", async () => {
    for (let i = 0; i < 130; i++)
      assert.equal((await send(stack.gateway(), { target: "/watched" })).status, 200);
  });
});

const GRPC = ["content-type", "application/grpc"] as const;
