import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accessLogEntry } from "../support/access-log.ts";
import { approvalsHeader } from "../support/approvals.ts";
import {
  credentials,
  type HeaderLines,
  type Request,
  type Response,
  send,
  sendHttp2,
} from "../support/client.ts";
import { PAYLOAD_TOOLS, reissue, tamper } from "../support/forge.ts";
import { ownIssuer } from "../support/own.ts";
import { sdkOrReason } from "../support/sdk.ts";
import { noStack, type Stack, startStack } from "../support/stack.ts";
import type { Received } from "../support/upstream.ts";
import { type Call, type Issuer, newKey, type Tools, unixNow } from "../support/warrants.ts";

const root = newKey();
const agent = newKey();
const worker = newKey();
const stranger = newKey();

const tools: Tools = {
  read_file: { name: { pattern: "report-*" } },
  read_doc: { path: { wildcard: true } },
  search: { query: { wildcard: true }, limit: { range: [1, 50] }, tenant: { oneOf: ["acme", "zenith"] } },
  place_order: { item: { wildcard: true }, amount: { range: [1, 100] }, gift: { wildcard: true } },
};
const JSON_TYPE = ["content-type", "application/json"] as const;
const readReport: Call = { tool: "read_file", args: { name: "report-7" } };
const reportTarget = "/v1/files/report-7";

const JSON_ORDER = '{"order": {"item": "lamp", "amount": 3}, "gift": true}';
const placeOrder: Call = { tool: "place_order", args: { item: "lamp", amount: 3, gift: true } };

const RESULT_HEADERS = ["warrant-id", "tool", "holder", "root", "chain-depth", "request-id"].map(
  (name) => `x-tenuo-${name}`,
);

let stack: Stack;
const withoutStack = await noStack();
const { sdk, withoutSdk } = await sdkOrReason();

before(async () => {
  if (!withoutStack) stack = await startStack({ trustedKeys: [root.publicKey.hex] });
});
after(async () => {
  await stack?.stop();
  await sdk?.stop();
});

for (const issuer of [sdk, ownIssuer]) {
  describe(`behind Envoy, with warrants of ${issuer?.name ?? "the published SDK"}`, {
    skip: withoutStack || (issuer ? false : withoutSdk),
  }, () => {
    if (issuer) cases(issuer);
  });
}

function cases(issuer: Issuer): void {
  const rootWarrant = (ttl = 300) => issuer.mint(root, { holder: agent, tools, ttl });

  /** The headers of a call that is right in every way. */
  async function authority(call: Call): Promise<HeaderLines> {
    const warrant = await rootWarrant();
    return credentials(warrant, await issuer.proof(warrant, agent, call));
  }

  describe("allowed", () => {
    it("a call under a root warrant, with the verified facts for the upstream", async () => {
      const warrant = await rootWarrant();
      const headers = credentials(warrant, await issuer.proof(warrant, agent, readReport));
      const received = await allowed({ target: reportTarget, headers });
      assert.equal(header(received, "x-tenuo-warrant-id"), await issuer.identifier(warrant));
      assert.equal(header(received, "x-tenuo-tool"), "read_file");
      assert.equal(header(received, "x-tenuo-holder"), agent.publicKey.hex);
      assert.equal(header(received, "x-tenuo-root"), root.publicKey.hex);
      assert.equal(header(received, "x-tenuo-chain-depth"), "0");
    });

    it("a call under a delegated warrant sent with its parents", async () => {
      const child = await issuer.delegate(await rootWarrant(), agent, {
        holder: worker,
        tools: { read_file: { name: { exact: "report-7" } } },
      });
      const proof = await issuer.proof(child, worker, readReport);
      const received = await allowed({ target: reportTarget, headers: credentials(child, proof) });
      assert.equal(header(received, "x-tenuo-chain-depth"), "1");
      assert.equal(header(received, "x-tenuo-holder"), worker.publicKey.hex);
      assert.equal(header(received, "x-tenuo-root"), root.publicKey.hex);
    });

    it("a call that needs approval, once its approvers signed what the denial says", async () => {
      const approvers = [newKey(), newKey(), newKey()] as const;
      const approval = { tool: "read_file", message: 'Ask "finance"', approvers, min: 2 };
      const warrant = await issuer.mint(root, { holder: agent, tools, approval });
      const ask = async (...approvals: string[]): Promise<Request> => {
        const bytes = approvals.map((text) => Buffer.from(text, "base64url"));
        const sent = bytes.length === 0 ? [] : [["x-tenuo-approvals", approvalsHeader(bytes)] as const];
        const headers = [...credentials(warrant, await issuer.proof(warrant, agent, readReport)), ...sent];
        return { target: reportTarget, headers };
      };
      const first = await denied(await ask(), 403, "approval_required");
      const demand = JSON.parse(first.body);
      assert.equal(demand.message, 'Ask "finance"');
      assert.deepEqual(
        demand.required_approvers.toSorted(),
        approvers.map((key) => key.publicKey.hex).sort(),
      );
      assert.deepEqual([demand.required_approvals, demand.received_approvals], [2, 0]);

      const one = await issuer.approve(approvers[0], demand.request_hash);
      const second = await denied(await ask(one, one), 403, "insufficient_approvals");
      const { request_hash: hash, received_approvals: received } = JSON.parse(second.body);
      assert.deepEqual([hash, received], [demand.request_hash, 1]);
      const passed = await allowed(await ask(one, await issuer.approve(approvers[2], demand.request_hash)));
      assert.equal(header(passed, "x-tenuo-tool"), "read_file");
    });

    it("arguments from query and header, the number converted", async () => {
      const args = { query: "a b", limit: 20, tenant: "acme" };
      const headers = [...(await authority({ tool: "search", args })), ["X-Tenant", "acme"] as const];
      await allowed({ target: "/v1/search?limit=20&q=a%20b&page=2", headers });
    });

    it("an argument left out, with the default of its rule", async () => {
      const args = { query: "x", limit: 10, tenant: "zenith" };
      const headers = [...(await authority({ tool: "search", args })), ["x-tenant", "zenith"] as const];
      await allowed({ target: "/v1/search?q=x", headers });
    });

    it("arguments from a JSON body", async () => {
      const headers = [...(await authority(placeOrder)), JSON_TYPE];
      const body = '{"order": {"item": "lamp", "amount": 3}, "gift": true, "note": "\u00fc"}';
      await allowed({ method: "POST", target: "/v1/orders", headers, body });
    });

    it("a path that Envoy first resolved, judged as the upstream sees it", async () => {
      const headers = await authority({ tool: "read_doc", args: { path: "b/c" } });
      for (const target of ["/v1/docs/a/../b/c", "/v1/docs/a/%2e%2e/b/c", "/v1/docs/b//c"])
        assert.equal((await allowed({ target, headers })).target, "/v1/docs/b/c", target);
    });

    it("without the client's list of headers for the next hop to drop", async () => {
      const headers = [...(await authority(readReport)), ["connection", "close, x-tenuo-tool"] as const];
      const received = await allowed({ target: reportTarget, headers });
      assert.equal(header(received, "x-tenuo-tool"), "read_file");
      assert.ok(!values(received, "connection").some((value) => value.includes("tenuo")));
    });

    it("with every forged result header replaced or removed", async () => {
      const forged = [...RESULT_HEADERS, "x-tenuo-warning"].flatMap(
        (name) =>
          [
            [name, "forged"],
            [name.toUpperCase(), "forged too"],
          ] as const,
      );
      const received = await allowed({
        target: reportTarget,
        headers: [...(await authority(readReport)), ...forged],
      });
      for (const name of RESULT_HEADERS) assert.equal(values(received, name).length, 1, name);
      assert.deepEqual(values(received, "x-tenuo-warning"), []);
      assert.ok(!received.headers.some(([, value]) => value.includes("forged")));
    });
  });

  describe("refused", () => {
    it("a call without a warrant", async () => {
      await denied({ target: reportTarget }, 401, "missing_warrant");
    });

    it("a warrant that isn't one", async () => {
      await denied({ target: reportTarget, headers: credentials("AAAA", "AAAA") }, 401, "invalid_warrant");
    });

    it("a call without a proof", async () => {
      const headers: HeaderLines = [["x-tenuo-warrant", await rootWarrant()]];
      await denied({ target: reportTarget, headers }, 401, "missing_pop");
    });

    it("a stolen warrant, proven with another key", async () => {
      const warrant = await rootWarrant();
      const proof = await ownIssuer.proof(warrant, stranger, readReport);
      await denied({ target: reportTarget, headers: credentials(warrant, proof) }, 401, "invalid_pop");
    });

    it("a proof for other arguments", async () => {
      const headers = await authority({ tool: "read_file", args: { name: "report-8" } });
      await denied({ target: reportTarget, headers }, 401, "invalid_pop");
    });

    it("a proof for another tool", async () => {
      const headers = await authority({ tool: "read_doc", args: { name: "report-7" } });
      await denied({ target: reportTarget, headers }, 401, "invalid_pop");
    });

    it("a proof that was made for another warrant", async () => {
      const proof = await issuer.proof(await rootWarrant(), agent, readReport);
      await denied(
        { target: reportTarget, headers: credentials(await rootWarrant(), proof) },
        401,
        "invalid_pop",
      );
    });

    it("a proof that is too old", async () => {
      const warrant = await rootWarrant();
      const late = await issuer.proof(warrant, agent, readReport, unixNow() - 100);
      await denied({ target: reportTarget, headers: credentials(warrant, late) }, 401, "pop_expired");
      const ancient = await issuer.proof(warrant, agent, readReport, unixNow() - 3600);
      await denied({ target: reportTarget, headers: credentials(warrant, ancient) }, 401, "invalid_pop");
    });

    it("an expired warrant", async () => {
      const warrant = await rootWarrant(1);
      const proof = await issuer.proof(warrant, agent, readReport);
      await sleep(2100);
      await denied({ target: reportTarget, headers: credentials(warrant, proof) }, 401, "warrant_expired");
    });

    it("a changed payload or signature", async () => {
      const warrant = await rootWarrant();
      const proof = await issuer.proof(warrant, agent, readReport);
      for (const part of ["payload", "signature"] as const) {
        const headers = credentials(tamper(warrant, part), proof);
        await denied({ target: reportTarget, headers }, 401, "invalid_warrant");
      }
    });

    it("a root that isn't trusted", async () => {
      const warrant = await issuer.mint(stranger, { holder: agent, tools });
      const headers = credentials(warrant, await issuer.proof(warrant, agent, readReport));
      await denied({ target: reportTarget, headers }, 401, "untrusted_root");
    });

    it("a delegated warrant without its parents", async () => {
      const child = await issuer.delegate(await rootWarrant(), agent, { holder: worker, tools });
      const headers = credentials(await issuer.leaf(child), await issuer.proof(child, worker, readReport));
      await denied({ target: reportTarget, headers }, 401, "untrusted_root");
    });

    it("a delegation that gives more than its parent has", async () => {
      const narrow = { read_file: { name: { exact: "report-7" } } };
      const parent = await issuer.mint(root, { holder: agent, tools: narrow });
      const child = await issuer.delegate(parent, agent, { holder: worker, tools: narrow });
      const wide = reissue(child, agent, (payload) => {
        const anything = new Map([["constraints", new Map()]]);
        payload.set(PAYLOAD_TOOLS, new Map([["read_file", anything]]));
      });
      const headers = credentials(wide, await ownIssuer.proof(wide, worker, readReport));
      await denied({ target: reportTarget, headers }, 401, "chain_invalid");
    });

    it("a tool that the warrant doesn't grant", async () => {
      const warrant = await issuer.mint(root, { holder: agent, tools: { search: {} } });
      const headers = credentials(warrant, await issuer.proof(warrant, agent, readReport));
      await denied({ target: reportTarget, headers }, 403, "tool_not_in_warrant");
    });

    it("an argument outside its constraint", async () => {
      const headers = await authority({ tool: "read_file", args: { name: "payroll" } });
      const { body } = await denied({ target: "/v1/files/payroll", headers }, 403, "constraint_violation");
      assert.equal(JSON.parse(body).field, "name");
    });

    it("a number in the body outside its range", async () => {
      const args = { item: "lamp", amount: 101, gift: true };
      const headers = [...(await authority({ tool: "place_order", args })), JSON_TYPE];
      const body = JSON_ORDER.replace("3", "101");
      const request = { method: "POST", target: "/v1/orders", headers, body };
      const refused = await denied(request, 403, "constraint_violation");
      assert.equal(JSON.parse(refused.body).field, "amount");
    });

    it("a path or method that no route knows, health pages among them", async () => {
      const headers = [...(await authority(readReport)), ["user-agent", "kube-probe/1.30"] as const];
      for (const target of ["/", "/v1/files", "/health", "/healthz", "/ready", "/status", "/metrics"])
        await denied({ target, headers }, 404, "no_route");
      await denied({ method: "DELETE", target: reportTarget, headers }, 404, "no_route");
      await denied({ method: "HEAD", target: reportTarget, headers }, 404, "no_route");
    });

    it("a required argument that is missing or of another type", async () => {
      const headers = [...(await authority(readReport)), ["x-tenant", "acme"] as const];
      await denied({ target: "/v1/search", headers }, 400, "extraction_failed");
      await denied({ target: "/v1/search?q=x&limit=05", headers }, 400, "extraction_failed");
    });

    it("a path with two readings", async () => {
      const headers = await authority({ tool: "read_doc", args: { path: "a" } });
      for (const target of ["/v1/docs/a;b", "/v1/docs/a%252e", "/v1/docs/a%3Bb", "/v1/docs/a%zz"])
        await denied({ target, headers }, 400, "ambiguous_request");
    });

    it("a query key given twice", async () => {
      const args = { query: "x", limit: 10, tenant: "acme" };
      const headers = [...(await authority({ tool: "search", args })), ["x-tenant", "acme"] as const];
      for (const target of ["/v1/search?q=x&q=y", "/v1/search?q=x&%71=y", "/v1/search?q=x;q=y"])
        await denied({ target, headers }, 400, "ambiguous_request");
    });

    it("a raw byte in the query, which Envoy's text form shows as another character", async () => {
      const args = { query: "!", limit: 10, tenant: "acme" };
      const headers = [...(await authority({ tool: "search", args })), ["x-tenant", "acme"] as const];
      await refusedAs(400, "ambiguous_request", () =>
        sendHttp2(stack.gateway(), { target: "/v1/search?q=\xff", headers }),
      );
    });

    it("a body over HTTP/2 that no header announces", async () => {
      const warrant = await issuer.mint(root, { holder: agent, tools: { cancel_order: {} } });
      const cancel = { tool: "cancel_order", args: { id: "5" } };
      const headers = credentials(warrant, await issuer.proof(warrant, agent, cancel));
      const target = "/v1/orders/5";
      for (const method of ["DELETE", "GET"]) {
        for (const type of ["text/plain", "application/JSON+x", "application/octet-stream", undefined]) {
          const typed = type === undefined ? headers : [...headers, ["content-type", type] as const];
          const request = { method, target, headers: typed, body: '{"force":true}' };
          await refusedAs(400, "body_unreadable", () => sendHttp2(stack.gateway(), request));
        }
        const json = { method, target, headers: [...headers, JSON_TYPE], body: '{"force":true}' };
        await refusedAs(401, "invalid_pop", () => sendHttp2(stack.gateway(), json));
      }
    });

    it("a header that arguments come from, given twice", async () => {
      const args = { query: "x", limit: 10, tenant: "acme" };
      const tenants = [
        ["x-tenant", "acme"],
        ["x-tenant", "zenith"],
      ] as const;
      const headers = [...(await authority({ tool: "search", args })), ...tenants];
      await denied({ target: "/v1/search?q=x", headers }, 400, "ambiguous_request");
    });

    it("a warrant or proof given twice", async () => {
      const headers = await authority(readReport);
      for (const line of headers)
        await denied({ target: reportTarget, headers: [...headers, line] }, 400, "ambiguous_request");
    });

    it("another spelling of a header that speaks for us", async () => {
      const headers = await authority(readReport);
      const alias = ["x.tenuo.tool", "forged"] as const;
      await denied({ target: reportTarget, headers: [...headers, alias] }, 400, "ambiguous_request");
    });

    it("a header that overrides the method", async () => {
      const headers = await authority(readReport);
      for (const name of ["x-http-method-override", "x-http-method", "x-method-override"])
        await denied(
          { target: reportTarget, headers: [...headers, [name, "DELETE"]] },
          400,
          "ambiguous_request",
        );
    });

    it("a JSON member given twice", async () => {
      const headers = [...(await authority(placeOrder)), JSON_TYPE];
      const order = (body: string): Request => ({ method: "POST", target: "/v1/orders", headers, body });
      for (const body of [
        '{"order": {"item": "lamp", "amount": 3, "amount": 99}, "gift": true}',
        '{"order": {"item": "lamp", "amount": 3, "amo\\u0075nt": 99}, "gift": true}',
        '{"order": {"item": "lamp", "amount": 3}, "order": {}, "gift": true}',
      ])
        await denied(order(body), 400, "ambiguous_request");
    });

    it("a body that isn't one JSON text of a JSON type", async () => {
      const headers = await authority(placeOrder);
      const order = (body: string | Uint8Array, ...more: HeaderLines): Request => {
        return { method: "POST", target: "/v1/orders", headers: [...headers, ...more], body };
      };
      const broken = [
        `${JSON_ORDER} {}`,
        `\ufeff${JSON_ORDER}`,
        JSON_ORDER.slice(1),
        "",
        Buffer.from(`${JSON_ORDER.slice(0, -1)},"a":"\xff"}`, "latin1"),
      ];
      for (const body of broken)
        await denied(order(body, JSON_TYPE), 400, body === "" ? "extraction_failed" : "body_unreadable");
      await denied(order(JSON_ORDER), 400, "body_unreadable");
      await denied(order(JSON_ORDER, ["content-type", "text/plain"]), 400, "body_unreadable");
      await denied(order(JSON_ORDER, JSON_TYPE, ["content-encoding", "gzip"]), 400, "body_unreadable");
    });
  });

  it("Envoy's access log tells both verdicts", async () => {
    const warrant = await rootWarrant();
    const headers = credentials(warrant, await issuer.proof(warrant, agent, readReport));
    const received = await allowed({ target: `${reportTarget}?secret=1`, headers });
    const allow = await accessLogEntry(stack, header(received, "x-tenuo-request-id"));
    assert.deepEqual(
      { status: allow.status, path: allow.path, tenuo: allow.tenuo },
      {
        status: 200,
        path: reportTarget,
        tenuo: {
          request_id: header(received, "x-tenuo-request-id"),
          decision: "allow",
          reason: null,
          tool: "read_file",
          warrant_id: await issuer.identifier(warrant),
          root: root.publicKey.hex,
          chain_depth: 0,
          mode: "enforce",
        },
      },
    );

    const target = "/v1/docs/a";
    const refused = await denied({ target, headers }, 401, "invalid_pop");
    const deny = await accessLogEntry(stack, String(refused.headers["x-tenuo-request-id"]));
    assert.deepEqual(
      { status: deny.status, path: deny.path, details: deny.details, flags: deny.flags },
      { status: 401, path: target, details: "ext_authz_denied", flags: "UAEX" },
    );
    const { decision, reason, tool, mode } = deny.tenuo;
    assert.deepEqual([decision, reason, tool, mode], ["deny", "invalid_pop", "read_doc", "enforce"]);
  });
}

describe("Envoy itself refuses", { skip: withoutStack }, () => {
  const headers: HeaderLines = [JSON_TYPE];
  for (const [what, status, request] of [
    [
      "a body above its limit",
      413,
      { method: "POST", target: "/v1/orders", headers, body: "x".repeat(70_000) },
    ],
    ["an escaped slash", 400, { target: "/v1/docs/a%2Fb" }],
    ["an escaped backslash", 400, { target: "/v1/docs/a%5Cb" }],
    ["a NUL", 400, { target: "/v1/docs/a%00" }],
    ["a fragment", 400, { target: "/v1/docs/a#b" }],
    [
      "a header name with an underscore",
      400,
      { target: "/v1/docs/a", headers: [["x_tenuo_tool", "forged"]] },
    ],
    [
      "an upgrade",
      403,
      {
        target: "/v1/docs/a",
        headers: [
          ["connection", "upgrade"],
          ["upgrade", "websocket"],
        ],
      },
    ],
  ] as const satisfies readonly (readonly [string, number, Request])[]) {
    it(what, async () => {
      const before = await stack.upstreamCount();
      assert.equal((await send(stack.gateway(), request)).status, status);
      assert.equal(await stack.upstreamCount(), before);
    });
  }
});

/** Sends it and returns what the upstream got, which must be what was sent (but for a path that Envoy resolved). */
async function allowed(request: Request): Promise<Received> {
  const before = await stack.upstreamCount();
  const response = await send(stack.gateway(), request);
  assert.equal(response.status, 200, `${response.headers["x-tenuo-deny-reason"]} ${response.body}`);
  assert.equal(await stack.upstreamCount(), before + 1, "requests at the upstream");
  const received = JSON.parse(response.body) as Received;
  assert.equal(received.method, request.method ?? "GET");
  if (!/\.\.|%2e|\/\//.test(request.target)) assert.equal(received.target, request.target);
  assert.deepEqual(Buffer.from(received.body, "base64"), Buffer.from(request.body ?? ""));
  return received;
}

function denied(request: Request, status: number, reason: string): Promise<Response> {
  return refusedAs(status, reason, () => send(stack.gateway(), request));
}

async function refusedAs(status: number, reason: string, ask: () => Promise<Response>): Promise<Response> {
  const before = await stack.upstreamCount();
  const response = await ask();
  assert.deepEqual(
    [response.status, response.headers["x-tenuo-deny-reason"]],
    [status, reason],
    response.body,
  );
  assert.equal(await stack.upstreamCount(), before, "requests at the upstream");
  if (response.body) assert.equal(JSON.parse(response.body).reason, reason);
  return response;
}

function values({ headers }: Received, name: string): string[] {
  return headers.filter(([line]) => line.toLowerCase() === name).map(([, value]) => value);
}

function header(received: Received, name: string): string {
  const [value, ...others] = values(received, name);
  assert.ok(value !== undefined && others.length === 0, `one ${name}`);
  return value;
}
