import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { send } from "../support/client.ts";
import { blocksIn } from "../support/fenced-blocks.ts";
import { noKubeApi } from "../support/kube-api.ts";
import { launchMeshProxy, noMesh } from "../support/mesh.ts";
import { createMeshAgent, type MeshAgent } from "../support/mesh-agent.ts";
import { apply, deletePolicies, type MeshStack, shipped, startMeshStack } from "../support/mesh-stack.ts";
import { AUTHORIZER, GATEWAY, SIDECAR } from "../support/mesh-testbed.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { allowed, denied, refused, settled } from "../support/verdicts.ts";
import { waitFor } from "../support/wait.ts";
import { atPlace } from "./istio-place.ts";

// The files of istio/, applied to a real Kubernetes API, from which a real istiod configures two real Envoys.

const PATH = "data/a";
const target = `/files/${PATH}`;
const LONG_BODY = "x".repeat(200_000);
/** Envoy's own interval, unless more than 64 KiB wait. */
const ENVOY_FLUSHES_SECONDS = 10;
const CHART = fileURLToPath(new URL("../../charts/tenuo-ext-authz", import.meta.url));

const { sdk, withoutSdk } = await sdkOrReason();
const withoutMesh = noKubeApi() || (await noMesh()) || withoutSdk;
let stack: MeshStack;
let agent: MeshAgent;

describe("the files of istio/, in a mesh", { skip: withoutMesh }, () => {
  before(async () => {
    assert.ok(sdk);
    agent = await createMeshAgent(sdk);
    stack = await startMeshStack([agent.root]);
  });
  after(async () => {
    await stack?.stop();
    await sdk?.stop();
  });
  afterEach((t) => {
    if ("passed" in t && t.passed === false) process.stderr.write(stack.outputs());
  });
  const without = (namespace: string, ...names: readonly string[]) =>
    deletePolicies(stack.api, namespace, ...names);

  it("are taken by the Kubernetes API as they stand, with no field unknown to it", async () => {
    const files = readdirSync(new URL("../../istio", import.meta.url)).filter(
      (name) => name.endsWith(".yaml") && name !== "mesh.yaml" && name !== "gateway.yaml",
    );
    assert.equal(files.length, 7);
    for (const name of files) await apply(stack.api, shipped(name), "--dry-run=server");
  });

  it("so are the resources on their page", async () => {
    const blocks = blocksIn(shipped("README.md"), "yaml").filter((text) => text.startsWith("apiVersion:"));
    assert.ok(blocks.length > 0);
    for (const block of blocks) await apply(stack.api, block, "--dry-run=server");
  });

  it("authorizer.yaml selects the pods of the chart, by a port that they have", async () => {
    const rendered = await stack.api.helm(["template", "tenuo-ext-authz", CHART, "--validate"]);
    const { metadata, spec } = resource(rendered, "Deployment").spec.template;
    const { selector, ports } = resource(shipped("authorizer.yaml"), "Service").spec;
    assert.partialDeepStrictEqual(metadata.labels, selector);
    const { name, containerPort } = spec.containers[0].ports[0];
    assert.deepEqual([name, containerPort], [ports[0].targetPort, ports[0].port]);
  });

  for (const policy of [
    { file: "authorization-policy-gateway.yaml", place: "gateway", namespace: "istio-system" },
    { file: "authorization-policy-workload.yaml", place: "sidecar", namespace: "agents" },
  ] as const)
    describe(policy.file, () => atPlace(policy, () => ({ stack, agent })));

  describe("authorization-policy-namespace.yaml, with the provider that takes no body", () => {
    before(() => apply(stack.api, shipped("authorization-policy-namespace.yaml")));
    after(() => without("agents", "tenuo", "tenuo-backstop"));

    it("each workload's sidecar asks", async () => {
      await settled(stack.sidecar, { target }, 401);
      await allowed(stack.sidecar, await agent.read(PATH));
    });

    it("a body of any length streams by", async () => {
      const received = await allowed(stack.sidecar, await agent.write(PATH, LONG_BODY));
      assert.equal(Buffer.from(received.body, "base64").length, LONG_BODY.length);
    });

    it("a call with arguments in its body is denied, as the body isn't seen", async () => {
      await denied(stack.sidecar, await agent.order(3), 400, "body_unreadable");
    });
  });

  describe("authorization-policy-two-providers.yaml", () => {
    before(async () => {
      await apply(stack.api, shipped("authorization-policy-gateway.yaml"));
      await apply(stack.api, shipped("authorization-policy-two-providers.yaml"));
    });
    after(() => without("istio-system", "tenuo", "tenuo-uploads", "tenuo-backstop"));

    it("denies everything it matches, unless istiod is told to allow two", async () => {
      await settled(stack.gateway, await agent.read(PATH), 403);
      await refused(stack.gateway, await agent.order(3), 403);
      assert.match(stack.controlPlane.output(), /requires PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS/);
    });

    it("else has each path asked about once, by its own provider", async () => {
      const variable = { PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS: "true" };
      const output = await stack.withControlPlane(variable, async () => {
        await allowed(stack.gateway, await agent.write(PATH, LONG_BODY));
        await allowed(stack.gateway, await agent.order(3));
        await refused(stack.gateway, { ...(await agent.order(3)), body: LONG_BODY }, 413);
        await denied(stack.gateway, { target }, 401, "missing_warrant");
      });
      assert.doesNotMatch(output, /ACK ERROR/);
    });
  });

  it("mesh.yaml doesn't let two slashes lead around a policy for a path, as Istio's default does", async () => {
    await apply(stack.api, onlyCustom().replace("notPaths: [/healthz]", "paths: [/files/*]"));
    await settled(stack.sidecar, { target }, 401);
    await denied(stack.sidecar, { target: `/${target}` }, 401, "missing_warrant");
    stack.configure({ normalization: "BASE" });
    await settled(stack.sidecar, { target: `/${target}` }, 200);
    stack.configure();
    await settled(stack.sidecar, { target: `/${target}` }, 401);
    await without("agents", "tenuo");
  });

  it("a policy in Istio's dry run denies everything it matches", async () => {
    const dryRun = 'metadata:\n  annotations: { istio.io/dry-run: "true" }';
    await apply(stack.api, onlyCustom().replace("metadata:", dryRun));
    await settled(stack.sidecar, await agent.read(PATH), 403);
    await without("agents", "tenuo");
    await settled(stack.sidecar, { target }, 200);
  });

  it("a policy closes the ports of its workload that don't speak HTTP", async () => {
    await settled(stack.tcp, { target }, 200);
    await apply(stack.api, shipped("authorization-policy-workload.yaml"));
    await settled(stack.sidecar, { target }, 401);
    await assert.rejects(send(stack.tcp, { target }));
    await without("agents", "tenuo", "tenuo-backstop");
  });

  it("only-through-gateway.yaml denies who comes past the gateway", async () => {
    await settled(stack.sidecar, { target }, 200);
    await apply(stack.api, shipped("only-through-gateway.yaml"));
    await settled(stack.sidecar, { target }, 403);
    await without("agents", "only-through-gateway");
  });

  it("access-log.yaml tells the verdict of each request", async () => {
    await apply(stack.api, shipped("authorization-policy-gateway.yaml"));
    await apply(stack.api, shipped("access-log.yaml"));
    await settled(stack.gateway, { target }, 401);
    const entry = await waitFor(
      "an entry of the access log",
      async () => {
        await send(stack.gateway, { target: `${target}?secret` });
        return stack.accessLog().at(-1);
      },
      ENVOY_FLUSHES_SECONDS * 3,
    );
    const { status, path, details, tenuo } = entry;
    assert.deepEqual([status, path, details], [401, target, "ext_authz_denied"]);
    assert.deepEqual([tenuo.decision, tenuo.reason], ["deny", "missing_warrant"]);
    assert.match(String(tenuo.request_id), /^req_/);
    await without("istio-system", "tenuo", "tenuo-backstop");
    await stack.api.kubectl(["delete", "telemetry", "tenuo-access-log", "--namespace=istio-system"]);
  });

  it("the Service of authorizer.yaml has endpoints at a sidecar, where a headless one has none", async () => {
    const headless = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "tenuo-ext-authz", namespace: "tenuo-system" },
      spec: { clusterIP: "None", ports: [{ name: "grpc", port: 9090 }] },
    };
    await apply(stack.api, JSON.stringify(headless));
    const kind = async (service: string): Promise<string | undefined> =>
      (await stack.sidecarCluster(`outbound|9090||${service}.tenuo-system.svc.cluster.local`))?.type;
    assert.equal(await waitFor("its cluster", () => kind("tenuo-ext-authz")), "ORIGINAL_DST");
    assert.equal(await kind("tenuo-ext-authz-mesh"), "EDS");
  });

  it("no proxy has refused what istiod made of them", () => {
    assert.doesNotMatch(stack.controlPlane.output(), /ACK ERROR/);
  });

  // The last one, since no proxy here gets the certificate that it needs then.
  it("authorizer.yaml has both sides of a check insist on mutual TLS", async () => {
    await apply(stack.api, shipped("authorizer.yaml"));
    const { generated } = stack.controlPlane;
    for (const proxy of [GATEWAY, SIDECAR]) {
      const tls = await waitFor("TLS to the authorizer", async () => {
        const { clusters } = await generated(proxy);
        return clusters.find(({ name }) => name.includes("tenuo-ext-authz-mesh"))?.transportSocket;
      });
      assert.match(JSON.stringify(tls), /"spiffe:\/\/cluster.local\/ns\/tenuo-system\/sa\/tenuo-ext-authz"/);
    }
    const sidecar = await launchMeshProxy(stack.controlPlane, AUTHORIZER);
    const { listeners } = await waitFor("its listeners", async () => {
      const dump = await generated(AUTHORIZER);
      return dump.listeners.some(({ address }) => address.socketAddress) ? dump : undefined;
    }).finally(sidecar.stop);
    const ways = (port: number): readonly string[] => {
      const chains = listeners.find(({ address }) => address.socketAddress?.portValue === port)?.filterChains;
      return [
        ...new Set(chains?.map(({ transportSocket }) => (transportSocket ? "TLS" : "plaintext"))),
      ].sort();
    };
    assert.deepEqual(ways(9090), ["TLS"]);
    assert.deepEqual(ways(9091), ["TLS", "plaintext"]);
  });
});

/** Without its backstop. */
function onlyCustom(): string {
  const [policy = ""] = shipped("authorization-policy-workload.yaml").split(/^---$/m);
  return policy;
}

function resource(yaml: string, kind: string) {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS())
    .find((each) => each?.kind === kind);
}
