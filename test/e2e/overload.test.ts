import assert from "node:assert/strict";
import { Agent } from "node:http";
import { after, before, describe, it } from "node:test";
import { credentials, type HeaderLines, send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { longChain, rawTools } from "../support/raw-chain.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const IN_FLIGHT = 400;
const SECONDS = 6;
const MAX_INFLIGHT = 24;

const root = newKey();
const agent = newKey();
const call = { tool: "read_file", args: { name: "a" } };
const stolen = Buffer.alloc(64, 1).toString("base64url");

/** What a client sends, and the one verdict that is right for it; besides it may only be told of overload. */
interface Kind {
  readonly target: string;
  readonly headers: HeaderLines;
  readonly verdict: string;
}

async function kinds(): Promise<readonly Kind[]> {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} } });
  const proof = await ownIssuer.proof(warrant, agent, call);
  const { header } = longChain(root, 16, { tools: rawTools({ read_file: {} }) });
  return [
    { target: "/v1/files/a", headers: credentials(warrant, proof), verdict: "200" },
    { target: "/v1/files/b", headers: credentials(warrant, proof), verdict: "401 invalid_pop" },
    {
      target: "/v1/files/a",
      headers: credentials(header, stolen),
      verdict: "401 invalid_pop",
    },
    { target: "/v1/files/a", headers: [], verdict: "401 missing_warrant" },
    { target: "/v1/files/../b", headers: credentials(warrant, proof), verdict: "404 no_route" },
  ];
}

const skip = await noStack();
let stack: Stack;

before(async () => {
  if (skip) return;
  const serveArguments = ["--max-inflight", String(MAX_INFLIGHT)];
  stack = await startStack({ serveArguments, trustedKeys: [root.publicKey.hex] });
});
after(() => stack?.stop());

describe("with more requests than can be judged", { skip }, () => {
  it("each gets the right verdict or is told of overload at once, and the upstream sees the allowed ones only", async (t) => {
    const mix = await kinds();
    const agentOfAll = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
    const reached = await stack.upstreamCount();
    const counts = new Map<string, number>();
    const wrong: string[] = [];
    const end = performance.now() + SECONDS * 1000;
    let slowest = 0;
    const client = async (first: number): Promise<void> => {
      for (let i = first; performance.now() < end; i++) {
        const { target, headers, verdict } = mix[i % mix.length] as Kind;
        const start = performance.now();
        const response = await send(stack.gateway(), { target, headers }, agentOfAll);
        slowest = Math.max(slowest, performance.now() - start);
        const reason = String(response.headers["x-tenuo-deny-reason"] ?? "").split(":")[0];
        const got = `${response.status} ${reason}`.trim();
        counts.set(got, (counts.get(got) ?? 0) + 1);
        // Without a reason the answer is Envoy's own: it didn't wait for ours, and let nothing pass.
        if (got !== verdict && got !== "503 overloaded" && got !== "503")
          wrong.push(`${got}, not ${verdict}`);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, (_, i) => client(i)));
    agentOfAll.destroy();

    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const { "200": allowed = 0, "503 overloaded": overloaded = 0 } = Object.fromEntries(counts);
    t.diagnostic(
      `${Math.round(total / SECONDS)} requests a second with ${IN_FLIGHT} in flight, slowest ${Math.round(slowest)} ms; ` +
        `wrong verdicts ${wrong.length}; ${JSON.stringify(Object.fromEntries(counts))}`,
    );
    assert.deepEqual(wrong.slice(0, 5), []);
    assert.ok(allowed > 0 && overloaded > 0);
    assert.equal((await stack.upstreamCount()) - reached, allowed, "requests at the upstream");

    const [right] = mix as [Kind, ...Kind[]];
    await waitFor("all to be as before", async () => {
      const { status } = await send(stack.gateway(), right);
      return status === 200 || undefined;
    });
  });
});
