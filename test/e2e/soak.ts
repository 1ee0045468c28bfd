// Many requests through the whole stack: `node test/e2e/soak.ts [REQUESTS]`, 50 000 unless said. Not part of the
// default run. Fails on any wrong answer and on memory that keeps growing. Loopback only.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { startLocal } from "../support/stack-local.ts";
import { newKey, unixNow } from "../support/warrants.ts";

const REQUESTS = Number(process.argv[2] ?? 50_000);
const IN_FLIGHT = 32;
/** Growth in the second half; in the first caches fill and the heap finds its size. */
const MAX_GROWTH_BYTES = 32 * 1024 * 1024;
/** Which takes so many requests; fewer tell nothing of growth. */
const SETTLED = 20_000;
const SECOND_HALF = Math.max(Math.floor(REQUESTS / 2), SETTLED);
const PROOF_SECONDS = 20;

const root = newKey();
const agent = newKey();
const call = { tool: "read_file", args: { name: "a" } };
const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} }, ttl: 3600 });
const stack = await startLocal({ trustedKeys: [root.publicKey.hex] });
const connections = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });

let proof: Promise<string> | undefined;
let proofTime = 0;
async function headers() {
  if (proof === undefined || unixNow() - proofTime >= PROOF_SECONDS) {
    proofTime = unixNow();
    proof = ownIssuer.proof(warrant, agent, call);
  }
  return [
    ["x-tenuo-warrant", warrant],
    ["x-tenuo-pop", await proof],
  ] as const;
}

let next = 0;
let halfway = Number.POSITIVE_INFINITY;
async function work(): Promise<void> {
  while (next < REQUESTS) {
    const i = next++;
    // Every third is one to refuse.
    const target = i % 3 === 2 ? "/v1/files/b" : "/v1/files/a";
    const { status } = await send(stack.gateway(), { target, headers: await headers() }, connections);
    assert.equal(status, i % 3 === 2 ? 401 : 200, `request ${i}`);
    if (i === SECOND_HALF) halfway = stack.serviceMemory();
    if (i % 5000 === 0) process.stdout.write(`${i} requests, ${megabytes(stack.serviceMemory())}\n`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

try {
  const start = Date.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  const seconds = (Date.now() - start) / 1000;
  const late = stack.serviceMemory();
  process.stdout.write(
    `${REQUESTS} requests in ${seconds.toFixed(1)} s (${Math.round(REQUESTS / seconds)}/s), ` +
      `memory ${Number.isFinite(halfway) ? `${megabytes(halfway)} → ` : ""}${megabytes(late)}\n`,
  );
  assert.ok(late - halfway < MAX_GROWTH_BYTES, "the service's memory keeps growing");
} finally {
  connections.destroy();
  await stack.stop();
}
