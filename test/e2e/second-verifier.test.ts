import assert from "node:assert/strict";
import { after, it } from "node:test";
import { credentials, type HeaderLines, send } from "../support/client.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { exampleGatewayYaml } from "../support/envoy-yaml.ts";
import { guardCases } from "../support/guard-cases.ts";
import { ownIssuer } from "../support/own.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { noLocalStack } from "../support/stack.ts";
import { type LocalStack, startLocal } from "../support/stack-local.ts";
import type { Received } from "../support/upstream.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const partner = newKey();
const agent = newKey();
const skip = await noLocalStack();
const { sdk, withoutSdk } = await sdkOrReason();
after(() => sdk?.stop());

const call = { tool: "read_file", args: { name: "report-7" } };
const target = "/v1/files/report-7";

async function calling(key: typeof root): Promise<HeaderLines> {
  const warrant = await ownIssuer.mint(key, { holder: agent, tools: { read_file: {} }, ttl: 300 });
  return credentials(warrant, await ownIssuer.proof(warrant, agent, call));
}

/** With the shipped sidecar for its upstream, which trusts one root alone and takes the credentials away. */
async function startTwo(): Promise<readonly [LocalStack, LocalStack]> {
  const sidecar = await startLocal({
    trustedKeys: [root.publicKey.hex],
    envoyYaml: envoyFile("sidecar-unix-socket.yaml"),
    gatewayYaml: exampleGatewayYaml.replace("settings: {}", "settings: {strip_credentials: true}"),
  });
  const gateway = await startLocal({
    trustedKeys: [root.publicKey.hex, partner.publicKey.hex],
    envoyYaml: envoyFile("second-verifier.yaml"),
    addresses: { "upstream:8080": sidecar.gateway().port },
  });
  return [gateway, sidecar];
}

guardCases("envoy/second-verifier.yaml, before an upstream that looks at what arrives", {
  ...{ skip, root, leavesCredentials: true },
  start: () =>
    startLocal({ trustedKeys: [root.publicKey.hex], envoyYaml: envoyFile("second-verifier.yaml") }),
  more: (stack) => {
    it("what arrives is what the published SDK allows", { skip: withoutSdk }, async () => {
      const { status, body } = await send(stack().gateway(), { target, headers: await calling(root) });
      assert.equal(status, 200);
      const { headers }: Received = JSON.parse(body);
      const arrived = Object.fromEntries(headers);
      const judge = (name: string) =>
        sdk?.judge(root, arrived["x-tenuo-warrant"] ?? "", arrived["x-tenuo-pop"] ?? "", {
          tool: "read_file",
          args: { name },
        });
      assert.equal(await judge("report-7"), "allow");
      assert.notEqual(await judge("report-8"), "allow");
    });
  },
});

it("a sidecar with a root of its own verifies again, believes no gateway, and keeps the credentials", {
  skip,
}, async (t) => {
  const [gateway, sidecar] = await startTwo();
  t.after(() => Promise.all([gateway.stop(), sidecar.stop()]));

  const allowed = await send(gateway.gateway(), { target, headers: await calling(root) });
  assert.equal(allowed.status, 200, allowed.body);
  const { headers }: Received = JSON.parse(allowed.body);
  const arrived = Object.fromEntries(headers);
  assert.equal(arrived["x-tenuo-root"], root.publicKey.hex);
  assert.equal(headers.filter(([name]) => name === "x-tenuo-tool").length, 1);
  for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"])
    assert.ok(!(name in arrived), name);

  // The gateway's root isn't the app's.
  const refused = await send(gateway.gateway(), { target, headers: await calling(partner) });
  assert.deepEqual([refused.status, refused.headers["x-tenuo-deny-reason"]], [401, "untrusted_root"]);
  assert.match(gateway.serviceOutput(), new RegExp(`authorization_success.*${partner.publicKey.hex}`));
  assert.equal(await sidecar.upstreamCount(), 1, "requests at the app");

  // A gateway that lets everything pass.
  await gateway.reloadService(exampleGatewayYaml.replace("settings: {}", "settings: {mode: audit}"));
  const unguarded = await send(gateway.gateway(), { target });
  assert.deepEqual([unguarded.status, unguarded.headers["x-tenuo-deny-reason"]], [401, "missing_warrant"]);
  assert.equal(await sidecar.upstreamCount(), 1, "requests at the app");
});
