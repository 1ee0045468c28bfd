import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, afterEach, before, describe, it } from "node:test";
import { credentials, type HeaderLines, type Request, send } from "../support/client.ts";
import { noKubeApi } from "../support/kube-api.ts";
import { noMesh } from "../support/mesh.ts";
import { apply, type MeshStack, shipped, startMeshStack } from "../support/mesh-stack.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { allowed, denied, header, refused, settled } from "../support/verdicts.ts";
import { waitFor } from "../support/wait.ts";
import { type Call, newKey } from "../support/warrants.ts";

// The files of istio/, applied to a real Kubernetes API, from which a real istiod configures two real Envoys.

const root = newKey();
const agent = newKey();
const READ: Call = { tool: "read_file", args: { path: "data/a" } };
const WRITE: Call = { tool: "write_file", args: { path: "data/a" } };
const target = "/files/data/a";
const OTHER_SPELLINGS = [
  "//files/data/a",
  "/files//data/a",
  "/files%2Fdata%2fa",
  "/files%5Cdata\\a",
  "/x/../files/data/a",
  "/x/%2e%2e/files/./data/a",
  "/../files/data/a",
  "/files/data/%61",
  "/healthz/../files/data/a",
  "/healthz/..%2Ffiles/data/a",
  "/healthz/..;/files/data/a",
];
const LONG_BODY = "x".repeat(200_000);

const { sdk, withoutSdk } = await sdkOrReason();
const withoutMesh = noKubeApi() || (await noMesh()) || withoutSdk;
let stack: MeshStack;
let warrant: string;

describe("the files of istio/, in a mesh", { skip: withoutMesh }, () => {
  before(async () => {
    stack = await startMeshStack([root.publicKey.hex]);
    const tools = {
      read_file: { path: { pattern: "data/*" } },
      write_file: { path: { pattern: "data/*" } },
      place_order: { item: { wildcard: true }, amount: { range: [1, 5] } },
    } as const;
    warrant = String(await sdk?.mint(root, { holder: agent, ttl: 600, tools }));
  });
  after(async () => {
    await stack?.stop();
    await sdk?.stop();
  });
  afterEach((t) => {
    if ("passed" in t && t.passed === false) process.stderr.write(stack.outputs());
  });

  it("are taken by the Kubernetes API as they stand, with no field unknown to it", async () => {
    const files = readdirSync(new URL("../../istio", import.meta.url)).filter(
      (name) => name.endsWith(".yaml") && name !== "mesh.yaml" && name !== "gateway.yaml",
    );
    assert.equal(files.length, 7);
    for (const name of files) await apply(stack.api, shipped(name), "--dry-run=server");
  });

  it("so are the resources on their page", async () => {
    const blocks = shipped("README.md").match(/(?<=^```yaml\n)apiVersion:.*?(?=^```$)/gms) ?? [];
    assert.ok(blocks.length > 0);
    for (const block of blocks) await apply(stack.api, block, "--dry-run=server");
  });

  describe("authorization-policy-gateway.yaml", () =>
    atPlace("gateway", "authorization-policy-gateway.yaml", "istio-system"));
  describe("authorization-policy-workload.yaml", () =>
    atPlace("sidecar", "authorization-policy-workload.yaml", "agents"));

  describe("authorization-policy-namespace.yaml, with the provider that takes no body", () => {
    before(() => apply(stack.api, shipped("authorization-policy-namespace.yaml")));
    after(() => deletePolicies("agents", "tenuo", "tenuo-backstop"));

    it("each workload's sidecar asks", async () => {
      await settled(stack.sidecar, { target }, 401);
      await allowed(stack.sidecar, { target, headers: await authority(READ) });
    });

    it("a body of any length streams by", async () => {
      const put = { method: "PUT", target, headers: await authority(WRITE), body: LONG_BODY };
      const received = await allowed(stack.sidecar, put);
      assert.equal(Buffer.from(received.body, "base64").length, LONG_BODY.length);
    });

    it("a call with arguments in its body is denied, as the body isn't seen", async () => {
      await denied(stack.sidecar, await order(3), 400, "body_unreadable");
    });
  });

  describe("authorization-policy-two-providers.yaml", () => {
    before(async () => {
      await apply(stack.api, shipped("authorization-policy-gateway.yaml"));
      await apply(stack.api, shipped("authorization-policy-two-providers.yaml"));
    });
    after(() => deletePolicies("istio-system", "tenuo", "tenuo-uploads", "tenuo-backstop"));

    it("denies everything it matches, unless istiod is told to allow two", async () => {
      await settled(stack.gateway, { target, headers: await authority(READ) }, 403);
      await refused(stack.gateway, await order(3), 403);
      assert.match(stack.output(), /requires PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS/);
    });

    it("else has each path asked about once, by its own provider", async () => {
      const variable = { PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS: "true" };
      const output = await stack.withControlPlane(variable, async () => {
        const put = { method: "PUT", target, headers: await authority(WRITE), body: LONG_BODY };
        await allowed(stack.gateway, put);
        await allowed(stack.gateway, await order(3));
        await refused(stack.gateway, { ...(await order(3)), body: LONG_BODY }, 413);
        await denied(stack.gateway, { target }, 401, "missing_warrant");
      });
      assert.doesNotMatch(output, /ACK ERROR/);
    });
  });

  it("mesh.yaml doesn't let two slashes lead around a policy for a path, as Istio's default does", async () => {
    const [policy = ""] = shipped("authorization-policy-workload.yaml").split(/^---$/m);
    await apply(stack.api, policy.replace("notPaths: [/healthz]", "paths: [/files/*]"));
    await settled(stack.sidecar, { target }, 401);
    await denied(stack.sidecar, { target: `/${target}` }, 401, "missing_warrant");
    stack.configure({ normalization: "BASE" });
    await settled(stack.sidecar, { target: `/${target}` }, 200);
    stack.configure();
    await settled(stack.sidecar, { target: `/${target}` }, 401);
    await deletePolicies("agents", "tenuo");
  });

  it("a policy in Istio's dry run denies everything it matches", async () => {
    const [policy = ""] = shipped("authorization-policy-workload.yaml").split(/^---$/m);
    await apply(
      stack.api,
      policy.replace("metadata:", 'metadata:\n  annotations: { istio.io/dry-run: "true" }'),
    );
    await settled(stack.sidecar, { target, headers: await authority(READ) }, 403);
    await deletePolicies("agents", "tenuo");
    await settled(stack.sidecar, { target }, 200);
  });

  it("a policy closes the ports of its workload that don't speak HTTP", async () => {
    await settled(stack.tcp, { target }, 200);
    await apply(stack.api, shipped("authorization-policy-workload.yaml"));
    await settled(stack.sidecar, { target }, 401);
    await assert.rejects(send(stack.tcp, { target }));
    await deletePolicies("agents", "tenuo", "tenuo-backstop");
  });

  it("only-through-gateway.yaml denies who comes past the gateway", async () => {
    await settled(stack.sidecar, { target }, 200);
    await apply(stack.api, shipped("only-through-gateway.yaml"));
    await settled(stack.sidecar, { target }, 403);
    await deletePolicies("agents", "only-through-gateway");
  });

  it("access-log.yaml tells the verdict of each request", async () => {
    await apply(stack.api, shipped("authorization-policy-gateway.yaml"));
    await apply(stack.api, shipped("access-log.yaml"));
    await settled(stack.gateway, { target }, 401);
    const { status, path, details, tenuo } = await waitFor("an entry of the access log", async () => {
      await send(stack.gateway, { target: `${target}?secret` });
      return stack.accessLog().at(-1);
    });
    assert.deepEqual([status, path, details], [401, target, "ext_authz_denied"]);
    assert.deepEqual([tenuo.decision, tenuo.reason], ["deny", "missing_warrant"]);
    assert.match(String(tenuo.request_id), /^req_/);
    await deletePolicies("istio-system", "tenuo", "tenuo-backstop");
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
    assert.doesNotMatch(stack.output(), /ACK ERROR/);
  });
});

function atPlace(place: "gateway" | "sidecar", file: string, namespace: string): void {
  const proxy = () => stack[place];
  const good = async (): Promise<Request> => ({ target, headers: await authority(READ) });
  const restart = async (...args: readonly string[]): Promise<void> => {
    await stack.killAuthorizer();
    await stack.startAuthorizer(args);
  };

  before(async () => {
    await settled(proxy(), { target }, 200);
    await apply(stack.api, shipped(file));
    await settled(proxy(), { target }, 401);
  });
  after(() => deletePolicies(namespace, "tenuo", "tenuo-backstop"));

  it("allows a call under a warrant, and tells the application who called which tool", async () => {
    const received = await allowed(proxy(), await good());
    assert.equal(header(received, "x-tenuo-tool"), "read_file");
    assert.equal(header(received, "x-tenuo-holder"), agent.publicKey.hex);
    assert.equal(header(received, "x-tenuo-root"), root.publicKey.hex);
  });

  it("keeps credentials to itself, and result headers that a client made up", async () => {
    const names = ["tool", "holder", "root", "warrant-id", "chain-depth", "request-id", "warning"];
    const forged = names.map((name) => [`x-tenuo-${name}`, "forged"] as const);
    const received = await allowed(proxy(), { target, headers: [...(await authority(READ)), ...forged] });
    for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-warning"])
      assert.equal(header(received, name), undefined, name);
    assert.doesNotMatch(JSON.stringify(received.headers), /forged/);
  });

  it("denies with the reason", async () => {
    const plus = async (...lines: HeaderLines) => ({
      target,
      headers: [...(await authority(READ)), ...lines],
    });
    await denied(proxy(), { target }, 401, "missing_warrant");
    await denied(proxy(), { ...(await good()), target: "/nowhere" }, 404, "no_route");
    const elsewhere = await authority({ tool: "read_file", args: { path: "etc/a" } });
    await denied(proxy(), { target: "/files/etc/a", headers: elsewhere }, 403, "constraint_violation");
    const upgrade = await plus(["connection", "upgrade"], ["upgrade", "websocket"]);
    await denied(proxy(), upgrade, 400, "ambiguous_request");
    await denied(proxy(), await plus(["x_tenuo_tool", "forged"]), 400, "ambiguous_request");
  });

  it("lets pass what it leaves out, unasked", async () => {
    assert.equal((await allowed(proxy(), { target: "/healthz" })).target, "/healthz");
  });

  it("has arguments in a body judged, byte for byte", async () => {
    await allowed(proxy(), await order(3));
    await denied(proxy(), await order(9), 403, "constraint_violation");
    await denied(proxy(), { ...(await order(3)), body: orderBody(4) }, 401, "invalid_pop");
    const notUtf8 = Buffer.from('{"item": "\xff", "amount": 3}', "latin1");
    await denied(proxy(), { ...(await order(3)), body: notUtf8 }, 400, "body_unreadable");
  });

  it("has 413 for a body over maxRequestBytes", async () => {
    await refused(proxy(), { ...(await order(3)), body: orderBody(3).padEnd(65_537) }, 413);
  });

  it("has the path judged that the application sees, however it was written", async () => {
    for (const spelling of OTHER_SPELLINGS) {
      await denied(proxy(), { target: spelling }, 401, "missing_warrant");
      const received = await allowed(proxy(), { ...(await good()), target: spelling });
      assert.equal(received.target, target, spelling);
    }
    for (const ambiguous of [`${target};b`, "/files/data/%2525", "/files/data/%zz", "/healthz;x"])
      await denied(proxy(), { ...(await good()), target: ambiguous }, 400, "ambiguous_request");
    for (const bad of [`${target}#b`, "/files/data/%00"])
      await refused(proxy(), { ...(await good()), target: bad }, 400);
    for (const near of ["/healthz/", "/HEALTHZ", "/healthz/x", "/x/healthz"])
      await denied(proxy(), { target: near }, 404, "no_route");
  });

  it("denies with 503 while the authorizer hangs or is gone", async () => {
    stack.signalAuthorizer("SIGSTOP");
    await refused(proxy(), await good(), 503);
    stack.signalAuthorizer("SIGCONT");
    await settled(proxy(), await good(), 200);
    await stack.killAuthorizer();
    await refused(proxy(), await good(), 503);
    await stack.startAuthorizer();
    await settled(proxy(), await good(), 200);
  });

  it("denies when the provider's name is mistyped", async () => {
    await apply(stack.api, shipped(file).replace("tenuo-ext-authz-body", "tenuo-ext-auth"));
    await settled(proxy(), await good(), 403);
    await allowed(proxy(), { target: "/healthz" });
    await apply(stack.api, shipped(file));
    await settled(proxy(), await good(), 200);
  });

  it("lets pass what the mode audit lets pass, with its backstop", async () => {
    await restart("--mode", "audit");
    await settled(proxy(), { target }, 200);
    await restart();
    await settled(proxy(), { target }, 401);
  });

  it("has a backstop that a provider which fails open doesn't get around", async () => {
    await stack.killAuthorizer();
    stack.configure({ failOpen: true });
    await settled(proxy(), { target }, 403);
    stack.configure();
    await settled(proxy(), { target }, 503);
    await stack.startAuthorizer();
    await settled(proxy(), { target }, 401);
  });

  it("has a backstop that holds without it, whatever a client sends", async () => {
    await deletePolicies(namespace, "tenuo");
    const names = ["x-tenuo-request-id", "x-tenuo-tool", "decision", "envoy.filters.http.ext_authz"];
    const headers = [...(await authority(READ)), ...names.map((name) => [name, "allow"] as const)];
    await settled(proxy(), { target, headers }, 403);
    for (const spelling of OTHER_SPELLINGS) await refused(proxy(), { target: spelling, headers }, 403);
    await allowed(proxy(), { target: "/healthz" });
  });

  it("leaves everything open once both are deleted", async () => {
    await deletePolicies(namespace, "tenuo-backstop");
    await settled(proxy(), { target }, 200);
  });
}

async function authority(call: Call): Promise<HeaderLines> {
  return credentials(warrant, String(await sdk?.proof(warrant, agent, call)));
}

function orderBody(amount: number): string {
  return `{"item": "lamp", "amount": ${amount}}`;
}

async function order(amount: number): Promise<Request> {
  const call = { tool: "place_order", args: { item: "lamp", amount } };
  const headers = [...(await authority(call)), ["content-type", "application/json"] as const];
  return { method: "POST", target: "/orders", headers, body: orderBody(amount) };
}

async function deletePolicies(namespace: string, ...names: readonly string[]): Promise<void> {
  const which = ["authorizationpolicy", ...names, `--namespace=${namespace}`, "--ignore-not-found"];
  await stack.api.kubectl(["delete", ...which]);
}
