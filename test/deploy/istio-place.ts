import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type MeshAgent, orderBody } from "../support/mesh-agent.ts";
import { apply, deletePolicies, type MeshStack, shipped } from "../support/mesh-stack.ts";
import { allowed, denied, header, refused, settled } from "../support/verdicts.ts";

const PATH = "data/a";
const target = `/files/${PATH}`;
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

/** The policy of a file of istio/ that checks everything but `/healthz`, with its backstop. */
export interface PlacedPolicy {
  readonly file: string;
  readonly namespace: string;
  /** Where it is in force. */
  readonly place: "gateway" | "sidecar";
}

/** Cases of a policy, within a suite whose hooks make the mesh and the agent. */
export function atPlace(
  { file, namespace, place }: PlacedPolicy,
  mesh: () => { readonly stack: MeshStack; readonly agent: MeshAgent },
): void {
  const proxy = () => mesh().stack[place];
  const good = () => mesh().agent.read(PATH);
  const restart = async (env?: NodeJS.ProcessEnv): Promise<void> => {
    await mesh().stack.authorizer.kill();
    await mesh().stack.authorizer.start(env);
  };

  before(async () => {
    await settled(proxy(), { target }, 200);
    await apply(mesh().stack.api, shipped(file));
    await settled(proxy(), { target }, 401);
  });
  after(() => deletePolicies(mesh().stack.api, namespace, "tenuo", "tenuo-backstop"));

  it("allows a call under a warrant, and tells the application who called which tool", async () => {
    const received = await allowed(proxy(), await good());
    assert.equal(header(received, "x-tenuo-tool"), "read_file");
    assert.equal(header(received, "x-tenuo-holder"), mesh().agent.publicKey);
    assert.equal(header(received, "x-tenuo-root"), mesh().agent.root);
  });

  it("keeps credentials to itself, and result headers that a client made up", async () => {
    const names = ["tool", "holder", "root", "warrant-id", "chain-depth", "request-id", "warning"];
    const forged = names.map((name) => [`x-tenuo-${name}`, "forged"] as const);
    const received = await allowed(proxy(), await mesh().agent.read(PATH, ...forged));
    for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x-tenuo-warning"])
      assert.equal(header(received, name), undefined, name);
    assert.doesNotMatch(JSON.stringify(received.headers), /forged/);
  });

  it("denies with the reason", async () => {
    const { agent } = mesh();
    await denied(proxy(), { target }, 401, "missing_warrant");
    await denied(proxy(), { ...(await good()), target: "/nowhere" }, 404, "no_route");
    await denied(proxy(), await agent.read("etc/a"), 403, "constraint_violation");
    const ambiguous = [
      await agent.read(PATH, ["connection", "upgrade"], ["upgrade", "websocket"]),
      await agent.read(PATH, ["x_tenuo_tool", "forged"]),
      await agent.read(PATH, ["x-tenuo-warrant", "another"]),
    ];
    for (const request of ambiguous) await denied(proxy(), request, 400, "ambiguous_request");
  });

  it("lets pass what it leaves out, unasked", async () => {
    assert.equal((await allowed(proxy(), { target: "/healthz" })).target, "/healthz");
  });

  it("has arguments in a body judged, byte for byte", async () => {
    const { order } = mesh().agent;
    await allowed(proxy(), await order(3));
    await denied(proxy(), await order(9), 403, "constraint_violation");
    await denied(proxy(), { ...(await order(3)), body: orderBody(4) }, 401, "invalid_pop");
    const notUtf8 = Buffer.from('{"item": "\xff", "amount": 3}', "latin1");
    await denied(proxy(), { ...(await order(3)), body: notUtf8 }, 400, "body_unreadable");
  });

  it("has 413 for a body over maxRequestBytes", async () => {
    const order = await mesh().agent.order(3);
    await refused(proxy(), { ...order, body: orderBody(3).padEnd(65_537) }, 413);
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
    const { stack } = mesh();
    stack.authorizer.signal("SIGSTOP");
    try {
      await refused(proxy(), await good(), 503);
    } finally {
      stack.authorizer.signal("SIGCONT");
    }
    await settled(proxy(), await good(), 200);
    await stack.authorizer.kill();
    try {
      await refused(proxy(), await good(), 503);
    } finally {
      await stack.authorizer.start();
    }
    await settled(proxy(), await good(), 200);
  });

  it("denies when the provider's name is mistyped", async () => {
    const { api } = mesh().stack;
    await apply(api, shipped(file).replace("tenuo-ext-authz-body", "tenuo-ext-auth"));
    await settled(proxy(), await good(), 403);
    await allowed(proxy(), { target: "/healthz" });
    await apply(api, shipped(file));
    await settled(proxy(), await good(), 200);
  });

  it("lets pass what the mode audit lets pass, with its backstop", async () => {
    await restart({ TENUO_MODE: "audit" });
    await settled(proxy(), { target }, 200);
    await restart();
    await settled(proxy(), { target }, 401);
  });

  it("has a backstop that a provider which fails open doesn't get around", async () => {
    const { stack } = mesh();
    await stack.authorizer.kill();
    stack.configure({ failOpen: true });
    await settled(proxy(), { target }, 403);
    stack.configure();
    await settled(proxy(), { target }, 503);
    await stack.authorizer.start();
    await settled(proxy(), { target }, 401);
  });

  it("has a backstop that holds without it, whatever a client sends", async () => {
    await deletePolicies(mesh().stack.api, namespace, "tenuo");
    const names = ["x-tenuo-request-id", "x-tenuo-tool", "decision", "envoy.filters.http.ext_authz"];
    const forged = names.map((name) => [name, "allow"] as const);
    const { headers = [] } = await mesh().agent.read(PATH, ...forged);
    await settled(proxy(), { target, headers }, 403);
    for (const spelling of OTHER_SPELLINGS) await refused(proxy(), { target: spelling, headers }, 403);
    await allowed(proxy(), { target: "/healthz" });
  });

  it("leaves everything open once both are deleted", async () => {
    await deletePolicies(mesh().stack.api, namespace, "tenuo-backstop");
    await settled(proxy(), { target }, 200);
  });
}
