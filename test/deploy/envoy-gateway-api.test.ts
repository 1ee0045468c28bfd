import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { envoyGatewayFile, envoyGatewayFiles } from "../support/envoy-gateway.ts";
import { type KubeApi, noKubeApi, startKubeApi } from "../support/kube-api.ts";
import { waitFor } from "../support/wait.ts";

// What a Kubernetes API with the definitions of Envoy Gateway says of the files in envoy-gateway/.

const STRICT = ["--validate=strict", "--filename", "-"];

let api: KubeApi;
const skip = noKubeApi();

before(async () => {
  if (skip) return;
  api = await startKubeApi(["gateway-api", "envoy-gateway"]);
  for (const namespace of ["shop", "tenuo-system"]) await api.kubectl(["create", "namespace", namespace]);
});
after(() => api?.stop());

const dryRun = (text: string) => api.kubectl(["apply", "--dry-run=server", ...STRICT], text);

/** The file with one change. */
function changed(name: string, find: string | RegExp, put: string): string {
  const text = envoyGatewayFile(name);
  const other = text.replace(find, put);
  assert.notEqual(other, text, `${find} isn't in ${name}`);
  return other;
}

describe("a Kubernetes API", { skip }, () => {
  for (const name of envoyGatewayFiles) {
    it(`takes ${name}`, async () => {
      await dryRun(envoyGatewayFile(name));
      await api.kubectl(["apply", ...STRICT], envoyGatewayFile(name));
    });
  }

  const WRONG: readonly (readonly [
    what: string,
    name: string,
    find: string | RegExp,
    put: string,
    says: RegExp,
  ])[] = [
    ["a field that there isn't", "security-policy.yaml", "failOpen:", "failOpn:", /unknown field.*failOpn/],
    [
      "a status that isn't of an error",
      "security-policy.yaml",
      "statusOnError: 503",
      "statusOnError: 200",
      /Unsupported value: 200/,
    ],
    [
      "a check that asks nobody",
      "security-policy.yaml",
      / {4}grpc:\n {6}backendRefs:[\s\S]*?---/,
      "---",
      /one of grpc or http/,
    ],
    [
      "an action for slashes that there isn't",
      "client-traffic-policy.yaml",
      "RejectRequest",
      "Reject",
      /Unsupported value: "Reject"/,
    ],
    [
      "a kind of patch that there isn't",
      "envoy-patch-policy.yaml",
      "op: add",
      "op: put",
      /Unsupported value: "put"/,
    ],
    [
      "a filter that there isn't",
      "http-route.yaml",
      "type: RequestHeaderModifier",
      "type: Remove",
      /Unsupported value: "Remove"/,
    ],
    ["a listener without a protocol", "gateway.yaml", "      protocol: HTTP\n", "", /protocol/],
  ];
  for (const [what, name, find, put, says] of WRONG) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(dryRun(changed(name, find, put)), says);
    });
  }
});

describe("the admission policy", { skip }, () => {
  /** Of a route of its own. */
  const policy = (spec: string, name = "mine", target = TARGET) => `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${name}, namespace: shop }
spec:
${target}
${spec}`;
  const TARGET = "  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: mine }]";
  const CORS = "  cors: { allowOrigins: [https://app.example.com] }";
  const check = (service: string, more = "") =>
    `  extAuth: { grpc: { backendRefs: [{ name: ${service}, port: 9090 }] }${more} }`;
  const OURS = "tenuo-ext-authz, namespace: tenuo-system";

  before(async () => {
    if (skip) return;
    await api.kubectl(["apply", ...STRICT], envoyGatewayFile("admission-policy.yaml"));
    // It is in force a moment later.
    await waitFor("the policy in force", async () =>
      dryRun(policy(CORS)).then(
        () => undefined,
        () => true,
      ),
    );
  });

  it("lets the policies of this folder pass, and what keeps the check", async () => {
    for (const name of ["security-policy.yaml", "public-route.yaml"]) await dryRun(envoyGatewayFile(name));
    await dryRun(policy(check(OURS)));
    await dryRun(policy(`  mergeType: StrategicMerge\n${CORS}`));
  });

  it("refuses a public policy for anything but the route of its name", async () => {
    const group = "group: gateway.networking.k8s.io";
    const [gateway, own] = [
      `{ ${group}, kind: Gateway, name: agents }`,
      `{ ${group}, kind: HTTPRoute, name: public }`,
    ];
    await dryRun(policy(CORS, "public", `  targetRefs: [${own}]`));
    for (const target of [
      TARGET,
      `  targetRefs: [${gateway}]`,
      `  targetRefs: [${own}, { ${group}, kind: HTTPRoute, name: others }]`,
      `  targetSelectors: [{ ${group}, kind: HTTPRoute }]`,
      `  targetRefs: [${own}]\n  targetSelectors: [{ ${group}, kind: HTTPRoute }]`,
      `  targetRef: ${own}`,
    ])
      await assert.rejects(dryRun(policy(CORS, "public", target)), /its routes wouldn't be checked/, target);
  });

  it("refuses what takes the check away", async () => {
    await assert.rejects(dryRun(policy(CORS)), /its routes wouldn't be checked/);
    await assert.rejects(dryRun(policy("", "public-too")), /its routes wouldn't be checked/);
    await assert.rejects(dryRun(policy(check(OURS, ", failOpen: true"))), /failOpen/);
    for (const other of ["other", "tenuo-ext-authz", "other, namespace: tenuo-system"])
      await assert.rejects(dryRun(policy(check(other))), /has to ask the Service/);
    const both = `  extAuth: { grpc: { backendRefs: [{ name: ${OURS}, port: 9090 }, { name: other, port: 1 }] } }`;
    await assert.rejects(dryRun(policy(both)), /has to ask the Service/);
    const http = "  extAuth: { http: { backendRefs: [{ name: other, port: 80 }] } }";
    await assert.rejects(dryRun(policy(http)), /has to ask the Service/);
    const hidden = ", headersToExtAuth: [x-tenuo-warrant, x-tenuo-pop]";
    await assert.rejects(dryRun(policy(check(OURS, hidden))), /headersToExtAuth would hide/);
    const merged = policy(`  mergeType: StrategicMerge\n${check(OURS, ", failOpen: true")}`);
    await assert.rejects(dryRun(merged), /failOpen/);
  });
});
