import assert from "node:assert/strict";
import { after, it, type TestContext } from "node:test";
import { newAgent } from "../support/agent.ts";
import { envoyFile } from "../support/envoy-files.ts";
import { exampleGatewayYaml } from "../support/envoy-yaml.ts";
import { CALL, guardCases, TARGET } from "../support/guard-cases.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { noLocalStack } from "../support/stack.ts";
import { type LocalStack, startLocal } from "../support/stack-local.ts";
import { allowed, verdictsOf } from "../support/verdicts.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

const root = newKey();
const partner = newKey();
const skip = await noLocalStack();
const { sdk, withoutSdk } = await sdkOrReason();
after(() => sdk?.stop());

const calling = async (key: typeof root) => (await newAgent(key, { read_file: {} })).headers(CALL);

/** With the shipped sidecar for its upstream, which trusts one root alone and takes the credentials away. */
async function startTwo(t: TestContext): Promise<readonly [LocalStack, LocalStack]> {
  const sidecar = await startLocal({
    trustedKeys: [root.publicKey.hex],
    envoyYaml: envoyFile("sidecar-unix-socket.yaml"),
    gatewayYaml: exampleGatewayYaml.replace("settings: {}", "settings: {strip_credentials: true}"),
  });
  t.after(sidecar.stop);
  const gateway = await startLocal({
    trustedKeys: [root.publicKey.hex, partner.publicKey.hex],
    envoyYaml: envoyFile("second-verifier.yaml"),
    addresses: { "upstream:8080": sidecar.gateway().port },
  });
  t.after(gateway.stop);
  return [gateway, sidecar];
}

guardCases("envoy/second-verifier.yaml, before an upstream that looks at what arrives", {
  ...{ skip, root, leavesCredentials: true },
  start: () =>
    startLocal({ trustedKeys: [root.publicKey.hex], envoyYaml: envoyFile("second-verifier.yaml") }),
  more: (stack, sent) => {
    it("what arrives is what the published SDK allows", { skip: withoutSdk }, async () => {
      const { headers } = await allowed(stack().gateway(), { target: TARGET, headers: await sent() });
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
  const [gateway, sidecar] = await startTwo(t);
  const { allowed, denied } = verdictsOf(() => ({ ...gateway, upstreamCount: sidecar.upstreamCount }));
  const { headers } = await allowed({ target: TARGET, headers: await calling(root) });
  const arrived = Object.fromEntries(headers);
  assert.equal(arrived["x-tenuo-root"], root.publicKey.hex);
  assert.equal(headers.filter(([name]) => name === "x-tenuo-tool").length, 1);
  for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-approvals"])
    assert.ok(!(name in arrived), name);

  // The gateway's root isn't the app's.
  await denied({ target: TARGET, headers: await calling(partner) }, 401, "untrusted_root");
  const passed = new RegExp(`authorization_success.*${partner.publicKey.hex}`);
  await waitFor("the gateway's allow in its log", () => passed.test(gateway.serviceOutput()) || undefined);

  // A gateway that lets everything pass.
  await gateway.reloadService(exampleGatewayYaml.replace("settings: {}", "settings: {mode: audit}"));
  await denied({ target: TARGET }, 401, "missing_warrant");
  assert.equal(await sidecar.upstreamCount(), 1, "requests at the app");
});
