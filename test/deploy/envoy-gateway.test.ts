import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { entriesIn } from "../support/access-log.ts";
import { type Agent, newAgent } from "../support/agent.ts";
import { type HeaderLines, type Request, sendHttp2 } from "../support/client.ts";
import {
  AUTHORIZER,
  envoyGatewayFile,
  noEgctl,
  type Translation,
  translate,
} from "../support/envoy-gateway.ts";
import { noLocalStack, type Stack } from "../support/stack.ts";
import { startLocal } from "../support/stack-local.ts";
import { verdictsOf } from "../support/verdicts.ts";
import { waitFor } from "../support/wait.ts";
import { newKey } from "../support/warrants.ts";

// What Envoy Gateway makes of the files in envoy-gateway/, run by a real Envoy. Its controller needs nodes and isn't
// run: its translation is, on the files as they stand.

const gatewayYaml = `
version: "2"
settings: { strip_credentials: false }
tools:
  read_file:
    constraints:
      name: { from: path, path: name }
      tenant: { from: header, path: X-Tenant }
  drop: { constraints: { all: { from: body, path: all } } }
  place_order: { constraints: { item: { from: body, path: item, required: true } } }
routes:
  - { pattern: /v1/carts, method: [GET, DELETE], tool: drop }
  - { pattern: "/v1/files/{name}", method: GET, tool: read_file }
  - { pattern: /v1/orders, method: POST, tool: place_order }
  - { pattern: /v1/imports, method: POST, tool: place_order }
`;
const JSON_TYPE = ["content-type", "application/json"] as const;
const file = (name: string) => envoyGatewayFile(`${name}.yaml`);
const FILES = ["gateway", "client-traffic-policy", "security-policy", "http-route"].map(file);
/** `egctl` knows no endpoints of it. */
const HEADLESS = AUTHORIZER.replace("10.0.0.2", "None");
const CORS_ALONE = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: cors, namespace: shop }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: others }]
  cors: { allowOrigins: [https://app.example.com] }
`;

const skip = noEgctl() || (await noLocalStack());
const root = newKey();
let stack: Stack;
let agent: Agent;
const { allowed, denied, refused, unforwarded } = verdictsOf(() => stack);

async function start({ envoyYaml, refused }: Translation): Promise<void> {
  assert.deepEqual(refused, []);
  stack = await startLocal({ trustedKeys: [root.publicKey.hex], gatewayYaml, envoyYaml });
  agent = await newAgent(root, { read_file: {}, place_order: {}, drop: {} });
}

const readFile = (tenant = "acme") => agent.headers({ tool: "read_file", args: { name: "a", tenant } });
const placeOrder = async (item: string): Promise<Request> => ({
  method: "POST",
  target: "/v1/orders",
  headers: [...(await agent.headers({ tool: "place_order", args: { item } })), JSON_TYPE],
  body: JSON.stringify({ item }),
});

describe("Envoy Gateway", { skip }, () => {
  before(async () => start(await translate([AUTHORIZER, ...FILES, file("public-route")])));
  after(() => stack?.stop());

  it("forwards a call that is allowed, with the verified facts, and without the credentials", async () => {
    const forged: HeaderLines = [
      ["x-tenuo-tool", "forged"],
      ["x.tenuo.holder", "forged"],
      ["x-tenant", "acme"],
    ];
    const received = await allowed({ target: "/v1/files/a", headers: [...(await readFile()), ...forged] });
    const names = received.headers.map(([name]) => name);
    assert.deepEqual(
      received.headers.filter(([name]) => name === "x-tenuo-tool"),
      [["x-tenuo-tool", "read_file"]],
    );
    for (const name of ["x-tenuo-warrant", "x-tenuo-pop", "x.tenuo.holder"])
      assert.ok(!names.includes(name), name);
  });

  it("answers what is denied, and asks about unknown paths too", async () => {
    await denied({ target: "/v1/files/a" }, 401, "missing_warrant");
    await denied({ target: "/unknown" }, 404, "no_route");
    const entry = await logged(({ path, status }) => path === "/v1/files/a" && status === 401);
    assert.deepEqual(
      [entry["details"], entry["tenuo.decision"], entry["tenuo.reason"], entry["tenuo.tool"]],
      ["ext_authz_denied", "deny", "missing_warrant", "read_file"],
    );
    assert.ok(entry["tenuo.request_id"] && entry["request_id"]);
  });

  it("sends the body along on the route that has the policy for it, up to its limit", async () => {
    const request = await placeOrder("lamp");
    const received = await allowed(request);
    assert.equal(Buffer.from(received.body, "base64").toString(), request.body);
    await denied({ ...request, body: '{"item":"car"}' }, 401, "invalid_pop");
    await refused({ ...request, body: JSON.stringify({ item: "x".repeat(65_536) }) }, 413);
  });

  it("sends none on other routes, where an argument from it is refused", async () => {
    await denied({ ...(await placeOrder("lamp")), target: "/v1/imports" }, 400, "body_unreadable");
  });

  it("doesn't overlook a body that no header announces", async () => {
    const headers = await agent.headers({ tool: "drop", args: {} });
    for (const method of ["GET", "DELETE"]) {
      const request = { method, target: "/v1/carts", headers };
      const hidden = await sendHttp2(stack.gateway(), { ...request, body: '{"all":true}' });
      assert.deepEqual([hidden.status, hidden.headers["x-tenuo-deny-reason"]], [400, "body_unreadable"]);
      assert.equal((await sendHttp2(stack.gateway(), request)).status, 200);
    }
  });

  it("leaves one spelling of each path and header", async () => {
    const headers: HeaderLines = [...(await readFile()), ["x-tenant", "acme"]];
    for (const target of ["/v1//files/x/../a", "/v1/orders/../files/a"])
      assert.equal((await allowed({ target, headers })).target, "/v1/files/a");
    for (const target of ["/v1/files/a%2fb", "/v1/files/..%5ca"]) await refused({ target, headers }, 400);
    const underscore: HeaderLines = [...headers, ["x_tenuo_tool", "forged"]];
    await refused({ target: "/v1/files/a", headers: underscore }, 400);
  });

  it("has a public route for one path and method, where nobody speaks for the authorizer", async () => {
    const headers: HeaderLines = [
      ["x-tenuo-tool", "forged"],
      ["x-original-url", "forged"],
      ["x-http-method-override", "forged"],
      ["x-tenuo-warrant", "secret"],
    ];
    const received = await allowed({ target: "/healthz", headers });
    assert.ok(!received.headers.some(([, value]) => value === "forged" || value === "secret"));
    for (const target of ["/healthz/x", "/healthz/", "/healthz/../v1/files/a", "/healthz;x"])
      assert.ok((await unforwarded({ target })).headers["x-tenuo-deny-reason"], target);
    await denied({ method: "POST", target: "/healthz" }, 404, "no_route");
  });

  it("refuses what arrives repaired, as it can't be told from what was sent", async () => {
    const headers: HeaderLines = [...(await readFile("a!")), ["x-tenant", "a!"]];
    await denied({ target: "/v1/files/a", headers }, 400, "ambiguous_request");
    await denied(await placeOrder("lamp!"), 400, "ambiguous_request");
  });

  it("is closed while the service hangs or is gone, with 503", async () => {
    const headers: HeaderLines = [...(await readFile()), ["x-tenant", "acme"]];
    for (const [take, give] of [
      [stack.freezeService, stack.thawService],
      [stack.killService, stack.startService],
    ] as const) {
      await take();
      try {
        for (const request of [{ target: "/v1/files/a", headers }, await placeOrder("lamp")])
          await refused(request, 503);
      } finally {
        await give();
      }
    }
  });
});

describe("Envoy Gateway with envoy-patch-policy.yaml", { skip }, () => {
  before(async () => start(await translate([AUTHORIZER, ...FILES, file("envoy-patch-policy")])));
  after(() => stack?.stop());

  it("sends exact bytes", async () => {
    await allowed({ target: "/v1/files/a", headers: [...(await readFile("a!")), ["x-tenant", "a!"]] });
    await allowed(await placeOrder("lamp!"));
    const headers: HeaderLines = [...(await readFile()), ["x-tenant", "acme"], ["x-tenant", "acme"]];
    await denied({ target: "/v1/files/a", headers }, 400, "ambiguous_request");
  });
});

describe("what Envoy Gateway makes of a mistake", { skip }, () => {
  const CLOSED = { orders: 500, others: 500 };

  it("is closed without replicas that are ready, and without the ReferenceGrant", async () => {
    assert.deepEqual((await translate([HEADLESS, ...FILES])).directStatus, CLOSED);
    assert.deepEqual((await translate(FILES)).directStatus, CLOSED);
    const ungranted = FILES.map((text) => text.replace("namespace: shop\n  to:", "namespace: other\n  to:"));
    assert.notDeepEqual(ungranted, FILES);
    assert.deepEqual((await translate([AUTHORIZER, ...ungranted])).directStatus, CLOSED);
  });

  it("is open where a route has a policy without the check, which is what admission-policy.yaml is for", async () => {
    assert.deepEqual(checkedRoutes(await translate([AUTHORIZER, ...FILES, CORS_ALONE])), {
      orders: true,
      others: false,
    });
  });

  it("is open without replicas that are ready, where it is told to fail open", async () => {
    const open = FILES.map((text) => text.replace("failOpen: false", "failOpen: true"));
    const translation = await translate([HEADLESS, ...open]);
    assert.equal(translation.directStatus["others"], undefined);
    assert.equal(checkedRoutes(translation)["others"], false);
  });
});

/** Which routes have a check, by their names. */
function checkedRoutes({ envoyYaml }: Translation): Readonly<Record<string, boolean>> {
  const { static_resources: resources } = JSON.parse(envoyYaml);
  const [, { typedConfig: manager }] = resources.listeners[0].defaultFilterChain.filters;
  return Object.fromEntries(
    manager.routeConfig.virtualHosts[0].routes.map(({ name, typedPerFilterConfig: own = {} }: Named) => [
      name.split("/")[2],
      Object.keys(own).some((filter) => filter.startsWith("envoy.filters.http.ext_authz/")),
    ]),
  );
}

interface Named {
  readonly name: string;
  readonly typedPerFilterConfig?: object;
}

type Entry = Readonly<Record<string, unknown>>;

/** A line of the access log. */
function logged(fits: (entry: Entry) => boolean): Promise<Entry> {
  return waitFor("a line of the access log", () => entriesIn<Entry>(stack.envoyOutput()).findLast(fits));
}
