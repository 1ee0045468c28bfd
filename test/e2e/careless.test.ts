import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type HeaderLines, type Request, type Response, send, sendHttp2 } from "../support/client.ts";
import { carelessEnvoyYaml } from "../support/envoy-yaml.ts";
import { ownIssuer } from "../support/own.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import { type Call, newKey } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const JSON_TYPE = ["content-type", "application/json"] as const;
let stack: Stack;
const skip = await noStack();

before(async () => {
  if (skip) return;
  const gatewayYaml = readFileSync(new URL("gateway.yaml", import.meta.url), "utf8");
  const envoyYaml = carelessEnvoyYaml();
  stack = await startStack({ gatewayYaml, envoyYaml, trustedKeys: [root.publicKey.hex] });
});
after(() => stack?.stop());

/** The headers of a call that is right, were it not for what is sent with it. */
async function authority({ tool, args }: Call): Promise<HeaderLines> {
  const warrant = await ownIssuer.mint(root, { holder: agent, tools: { [tool]: {} } });
  return [
    ["x-tenuo-warrant", warrant],
    ["x-tenuo-pop", await ownIssuer.proof(warrant, agent, { tool, args })],
  ];
}

async function refused(reason: string, ask: () => Promise<Response>): Promise<void> {
  const before = await stack.upstreamCount();
  const { status, headers, body } = await ask();
  assert.deepEqual([status, headers["x-tenuo-deny-reason"]], [400, reason], body);
  assert.equal(await stack.upstreamCount(), before, "requests at the upstream");
}

const over1 = (request: Request) => () => send(stack.gateway(), request);
const search = (tenant: string, query: string): Call => ({
  tool: "search",
  args: { query, limit: 10, tenant },
});

describe("behind an Envoy set up carelessly", { skip }, () => {
  it("what is right passes all the same", async () => {
    const headers = await authority({ tool: "read_doc", args: { path: "a/b" } });
    assert.equal((await send(stack.gateway(), { target: "/v1/docs/a/b", headers })).status, 200);
  });

  it("a path that Envoy leaves unresolved is refused", async () => {
    for (const path of ["a/../b", "a/./b", "a//b", "a%2Fb", "a%5Cb", "a%2e%2e", "a\\b", "a/..", "%61"]) {
      const headers = await authority({ tool: "read_doc", args: { path } });
      await refused("ambiguous_request", over1({ target: `/v1/docs/${path}`, headers }));
    }
  });

  it("a raw byte in path, query or header isn't taken for the `!` that Envoy shows", async () => {
    for (const [call, target, more] of [
      [{ tool: "read_doc", args: { path: "!" } }, "/v1/docs/\xff", []],
      [search("acme", "!"), "/v1/search?q=\xff", [["x-tenant", "acme"]]],
      [search("!", "x"), "/v1/search?q=x", [["x-tenant", "\xff"]]],
    ] as const) {
      const headers = [...(await authority(call)), ...more];
      await refused("ambiguous_request", () => sendHttp2(stack.gateway(), { target, headers }));
    }
  });

  it("a raw byte in a body isn't either", async () => {
    const args = { item: "!", amount: 1, gift: true };
    const headers = [...(await authority({ tool: "place_order", args })), JSON_TYPE];
    const body = Buffer.from('{"order":{"item":"\xff","amount":1},"gift":true}', "latin1");
    await refused("ambiguous_request", over1({ method: "POST", target: "/v1/orders", headers, body }));
  });

  it("a body isn't judged by its beginning, even one that is whole by itself", async () => {
    const args = { item: "a", amount: 1, gift: true };
    const headers = [...(await authority({ tool: "place_order", args })), JSON_TYPE];
    const start = '{"order":{"item":"a","amount":1},"gift":true}'.padEnd(64);
    const body = `${start}{"order":{"item":"a","amount":99}}`;
    await refused("body_unreadable", over1({ method: "POST", target: "/v1/orders", headers, body }));
  });

  it("a header that Envoy joined from two is refused", async () => {
    const headers = await authority(search("acme,zenith", "x"));
    const tenants = [
      ["x-tenant", "acme"],
      ["x-tenant", "zenith"],
    ] as const;
    await refused(
      "ambiguous_request",
      over1({ target: "/v1/search?q=x", headers: [...headers, ...tenants] }),
    );
    for (const line of headers)
      await refused("ambiguous_request", over1({ target: "/v1/search?q=x", headers: [...headers, line] }));
  });

  it("another spelling of a header that speaks for us is refused", async () => {
    const headers = await authority({ tool: "read_doc", args: { path: "a" } });
    for (const name of ["x_tenuo_tool", "x.tenuo.tool", "x_tenuo-warrant"])
      await refused(
        "ambiguous_request",
        over1({ target: "/v1/docs/a", headers: [...headers, [name, "forged"]] }),
      );
  });
});
