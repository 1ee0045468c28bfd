import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { findEntry } from "../support/access-log.ts";
import { credentials, send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const call = { tool: "read_file", args: { name: "a" } };
const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} }, ttl: 600 });
let stack: Stack;
const skip = await noStack();

before(async () => {
  if (skip) return;
  stack = await startStack({ trustedKeys: [root.publicKey.hex] });
});
after(() => stack?.stop());

/** The status of a request with a proof for `/v1/files/a`. */
async function read(target = "/v1/files/a"): Promise<number> {
  const headers = credentials(warrant, await ownIssuer.proof(warrant, agent, call));
  return (await send(stack.gateway(), { target, headers })).status;
}

it("while the service doesn't answer nothing passes, and no answer that comes late counts", {
  skip,
}, async () => {
  const reached = await stack.upstreamCount();
  await stack.freezeService();
  const waiting = await Promise.all(["/v1/files/a", "/v1/files/b", "/health"].map(read));
  assert.deepEqual(waiting, [503, 503, 503]);
  await stack.thawService();
  await waitFor("the gateway to work again", async () => ((await read()) === 200 ? true : undefined));
  assert.equal(await read("/v1/files/b"), 401);
  assert.equal(await stack.upstreamCount(), reached + 1, "requests at the upstream");
});

it("without the service nothing passes, and with it again everything works as before", { skip }, async () => {
  assert.equal(await read(), 200);
  const reached = await stack.upstreamCount();

  await stack.killService();
  for (const target of ["/v1/files/a", "/v1/files/b", "/", "/health"])
    assert.equal(await read(target), 503, target);
  assert.equal(await stack.upstreamCount(), reached, "requests at the upstream");
  const entry = await findEntry(stack, "an access log entry of the outage", ({ status }) => status === 503);
  assert.equal(entry.details, "ext_authz_error");
  assert.equal(entry.tenuo.decision, null);

  await stack.startService();
  await waitFor("the gateway to work again", async () => ((await read()) === 200 ? true : undefined));
  for (let i = 0; i < 20; i++) assert.equal(await read(), 200);
  assert.equal(await read("/v1/files/b"), 401);
});
