import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { findEntry } from "../support/access-log.ts";
import { newAgent } from "../support/agent.ts";
import type { HeaderLines } from "../support/client.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { exampleGatewayYaml } from "../support/envoy-yaml.ts";
import { noLocalStack } from "../support/stack.ts";
import { type LocalStack, startLocal } from "../support/stack-local.ts";
import { allowed, header } from "../support/verdicts.ts";
import { newKey } from "../support/warrants.ts";

// Changes to the files that envoy/README.md tells how to make.

const skip = await noLocalStack();
const root = newKey();
const call = { tool: "read_file", args: { name: "a" } };
const target = "/v1/files/a";

async function start(t: TestContext, envoyYaml: string, settings = "{}"): Promise<LocalStack> {
  const gatewayYaml = exampleGatewayYaml.replace("settings: {}", `settings: ${settings}`);
  const stack = await startLocal({ trustedKeys: [root.publicKey.hex], envoyYaml, gatewayYaml });
  t.after(stack.stop);
  return stack;
}

function changed(from: string, to: string): string {
  const yaml = envoyFile("gateway.yaml");
  assert.equal(yaml.split(from).length, 2, `once in gateway.yaml: ${from}`);
  return yaml.replace(from, to);
}

const calling = async () => (await newAgent(root, { read_file: {} })).headers(call);
const renamed = (headers: HeaderLines): HeaderLines =>
  headers.map(([name, value]) => [name.replace("x-tenuo-warrant", "x-my-warrant"), value]);

for (const [what, envoyYaml, settings] of [
  [
    "in `request_headers_to_remove`",
    changed("[x-tenuo-warrant, ", "[x-my-warrant, "),
    "{warrant_header: X-My-Warrant}",
  ],
  [
    "in `allow_expression`, for `strip_credentials`",
    changed('"^x[-._]tenuo[-._].*"', '"^(x[-._]tenuo[-._].*|x-my-warrant)$"'),
    "{warrant_header: X-My-Warrant, strip_credentials: true}",
  ],
] as const) {
  test(`a warrant header of one's own stays here once it is named ${what}`, { skip }, async (t) => {
    const stack = await start(t, envoyYaml, settings);
    const { headers } = await allowed(stack.gateway(), { target, headers: renamed(await calling()) });
    assert.deepEqual(
      headers.filter(([name]) => /warrant$|pop$/.test(name)),
      [],
    );
  });
}

test("with `shadow_mode` every request passes, with the verdict in the access log and forged headers upstream", {
  skip,
}, async (t) => {
  const stack = await start(t, changed("failure_mode_allow: false", "shadow_mode: true"));
  const forged = ["x-tenuo-tool", "forged"] as const;
  const toolOf = async (more: HeaderLines): Promise<string | undefined> => {
    return header(await allowed(stack.gateway(), { target, headers: [forged, ...more] }), "x-tenuo-tool");
  };
  assert.equal(await toolOf(await calling()), "read_file");
  assert.equal(await toolOf([]), "forged");
  const entry = await findEntry(stack, "the denial", ({ tenuo }) => tenuo.reason === "missing_warrant");
  assert.deepEqual([entry.status, entry.tenuo.decision], [200, "deny"]);
  await stack.killService();
  assert.equal(await toolOf([]), "forged");
});

test("in mode `audit` the denied pass too, and forged headers don't", { skip }, async (t) => {
  const stack = await start(t, envoyFile("gateway.yaml"), "{mode: audit}");
  const received = await allowed(stack.gateway(), { target, headers: [["x-tenuo-tool", "forged"]] });
  assert.doesNotMatch(JSON.stringify(received), /forged/);
});
