import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { findEntry } from "../support/access-log.ts";
import { send } from "../support/client.ts";
import { ownIssuer } from "../support/own.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
let stack: Stack;
const skip = await noStack();

before(async () => {
  if (skip) return;
  const gatewayYaml = readFileSync(new URL("gateway.yaml", import.meta.url), "utf8");
  stack = await startStack({ gatewayYaml, trustedKeys: [root.publicKey.hex] });
});
after(() => stack?.stop());

it("without the service nothing passes, and with it again everything works as before", { skip }, async () => {
  const call = { tool: "read_file", args: { name: "a" } };
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { read_file: {} } });
  const read = async (target = "/v1/files/a") => {
    const headers = [
      ["x-tenuo-warrant", warrant],
      ["x-tenuo-pop", await ownIssuer.proof(warrant, agent, call)],
    ] as const;
    return (await send(stack.gateway(), { target, headers })).status;
  };
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
