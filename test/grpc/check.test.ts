import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import fc from "fast-check";
import { generateSigningKey } from "../../src/crypto/ed25519.ts";
import type { Mode } from "../../src/decision/decision.ts";
import { connectAuthorization, type ReceivedResponse } from "../../src/server/grpc/client.ts";
import { unixNow } from "../../src/server/unix-now.ts";
import { pattern } from "../../src/warrant/constraint/index.ts";
import { constraintSet } from "../../src/warrant/constraint-set.ts";
import { encodeHeader } from "../../src/warrant/header.ts";
import { encodeStack, mint } from "../../src/warrant/mint.ts";
import { signProof } from "../../src/warrant/proof.ts";
import { leafOf, warrantIdText } from "../../src/warrant/warrant.ts";
import { approvalsHeader, signApproval } from "../support/approvals.ts";
import { type Service, startService } from "../support/service.ts";

const CHECK = "/envoy.service.auth.v3.Authorization/Check";
const root = generateSigningKey();
const holder = generateSigningKey();
const now = unixNow();
const stack = mint(root, {
  holder: holder.publicKey,
  tools: { read_file: constraintSet({ name: pattern("re*") }) },
  issuedAt: now,
  lifetimeSeconds: 600,
});

const gateway = (settings = "") => `
version: "2"
settings: {trusted_roots: ["${root.publicKey.hex}"]${settings}}
tools:
  read_file: {constraints: {name: {from: path, path: name, required: true}}}
routes:
  - {pattern: "/files/{name}", method: GET, tool: read_file}
  - {pattern: "/watched/{name}", method: GET, tool: read_file, mode: audit}
`;

function headersFor(name: string): Record<string, string> {
  const call = { warrant: leafOf(stack), tool: "read_file", args: new Map([["name", name]]) };
  return {
    "x-tenuo-warrant": encodeHeader(encodeStack(stack)),
    "x-tenuo-pop": encodeHeader(signProof(holder, call, Date.now() / 1000)),
  };
}

async function ask(t: TestContext, service: Service, path: string, headers: Record<string, string>) {
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  return authorizer.check({
    attributes: { request: { http: { method: "GET", path, host: "api", headers } } },
  });
}

function headersOf(options: NonNullable<ReceivedResponse["deniedResponse"]>["headers"] = []) {
  return Object.fromEntries(options.map(({ header }) => [header?.key ?? "", header?.value]));
}

function metadataOf({ dynamicMetadata }: ReceivedResponse) {
  const fields = Object.entries(dynamicMetadata?.fields ?? {});
  return Object.fromEntries(fields.map(([name, value]) => [name, value.stringValue ?? value.numberValue]));
}

test("an allow sets the proven facts, overwriting, and removes what a client made up", async (t) => {
  const service = await startService(t, gateway());
  const response = await ask(t, service, "/files/report", headersFor("report"));
  assert.equal(response.status?.code, 0);
  const { headers = [], headersToRemove = [] } = response.okResponse ?? {};
  const set = headersOf(headers);
  assert.deepEqual(
    { ...set, "x-tenuo-request-id": undefined },
    {
      "x-tenuo-warrant-id": warrantIdText(leafOf(stack)),
      "x-tenuo-tool": "read_file",
      "x-tenuo-holder": holder.publicKey.hex,
      "x-tenuo-root": root.publicKey.hex,
      "x-tenuo-chain-depth": "0",
      "x-tenuo-request-id": undefined,
    },
  );
  for (const option of headers) {
    assert.equal(option.append?.value, false);
    assert.equal(option.appendAction, "OVERWRITE_IF_EXISTS_OR_ADD");
  }
  assert.deepEqual(headersToRemove, ["x-tenuo-warning", "x-tenuo-deny-reason"]);
  assert.deepEqual(metadataOf(response), {
    request_id: set["x-tenuo-request-id"],
    decision: "allow",
    tool: "read_file",
    warrant_id: warrantIdText(leafOf(stack)),
    holder: holder.publicKey.hex,
    root: root.publicKey.hex,
    chain_depth: 0,
    mode: "enforce",
  });
});

test("strip_credentials takes warrant, proof and approvals away from the upstream", async (t) => {
  const service = await startService(t, gateway(", strip_credentials: true"));
  const { okResponse } = await ask(t, service, "/files/report", headersFor("report"));
  assert.deepEqual(okResponse?.headersToRemove.slice(2), [
    "x-tenuo-warrant",
    "x-tenuo-pop",
    "x-tenuo-approvals",
  ]);
});

test("a denial is a denied response with transport status OK, a reason and a body", async (t) => {
  const service = await startService(t, gateway());
  const response = await ask(t, service, "/files/report", {});
  assert.equal(response.status?.code, 16);
  assert.equal(response.deniedResponse?.status?.code, "Unauthorized");
  const headers = headersOf(response.deniedResponse?.headers);
  assert.equal(headers["x-tenuo-deny-reason"], "missing_warrant");
  assert.equal(headers["www-authenticate"], "Tenuo");
  assert.equal(headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(response.deniedResponse?.body ?? ""), {
    authorized: false,
    error: "missing-warrant",
    reason: "missing_warrant",
    message: "The request carries no warrant",
    request_id: headers["x-tenuo-request-id"],
    tool: "read_file",
  });
  assert.equal(metadataOf(response)["decision"], "deny");
});

test("only debug mode tells a client the detail", async (t) => {
  const plain = await startService(t, gateway());
  const shy = await ask(t, plain, "/files/secret", headersFor("secret"));
  assert.equal(headersOf(shy.deniedResponse?.headers)["x-tenuo-deny-reason"], "constraint_violation");
  assert.equal(JSON.parse(shy.deniedResponse?.body ?? "").value, undefined);

  const debugging = await startService(t, gateway(", debug_mode: true"));
  const open = await ask(t, debugging, "/files/secret", headersFor("secret"));
  const { "x-tenuo-deny-reason": reason } = headersOf(open.deniedResponse?.headers);
  assert.equal(reason, "constraint_violation: name=secret not in Pattern(re*)");
  const body = JSON.parse(open.deniedResponse?.body ?? "");
  assert.deepEqual(
    [body.error_code, body.field, body.constraint, body.value],
    [1501, "name", "Pattern(re*)", "secret"],
  );
});

test("the detail is visible ASCII of at most 1 KiB", async (t) => {
  const service = await startService(t, gateway(", debug_mode: true"));
  const name = "é".repeat(2000);
  const response = await ask(t, service, `/files/${encodeURIComponent(name)}`, headersFor(name));
  const { "x-tenuo-deny-reason": reason = "" } = headersOf(response.deniedResponse?.headers);
  assert.match(reason, /^constraint_violation: name=%C3%A9[\x20-\x7e]+$/);
  assert.equal(reason.length, "constraint_violation: ".length + 1024);
});

test("a caller without Envoy's habits is denied, not failed", async (t) => {
  const service = await startService(t, gateway());
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  for (const question of [
    {},
    { attributes: {} },
    { attributes: { request: {} } },
    { attributes: { request: { http: {} } } },
  ]) {
    const response = await authorizer.check(question);
    assert.equal(headersOf(response.deniedResponse?.headers)["x-tenuo-deny-reason"], "ambiguous_request");
  }
});

test("no bytes turn into a gRPC error, an empty answer or an allow", async (t) => {
  const service = await startService(t, gateway());
  const client = new Client(`127.0.0.1:${service.port}`, credentials.createInsecure());
  t.after(() => client.close());
  const send = (bytes: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest<Buffer, Buffer>(
        CHECK,
        (each) => each,
        (each) => each,
        bytes,
        (error, answer) => (error === null ? resolve(answer ?? Buffer.alloc(0)) : reject(error)),
      );
    });
  const isDenial = (answer: Buffer) => answer.includes("x-tenuo-deny-reason");
  assert.ok(isDenial(await send(Buffer.from("ffff", "hex"))));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      assert.ok(isDenial(await send(Buffer.from(bytes))));
    }),
    { numRuns: 500 },
  );
});

test("a bug in a check is a denial with 503, and is logged with its cause", async (t) => {
  const service = await startService(t, gateway(), {
    change: () => {
      throw new Error("a bug");
    },
  }).catch(() => undefined);
  assert.equal(service, undefined, "a snapshot that can't be read is no start");

  let starting = true;
  const running = await startService(t, gateway(), {
    change: (snapshot) => {
      if (!starting) throw new Error("a bug");
      return snapshot;
    },
  });
  starting = false;
  const response = await ask(t, running, "/files/report", headersFor("report"));
  starting = true;
  assert.equal(response.status?.code, 14);
  assert.equal(response.deniedResponse?.status?.code, "ServiceUnavailable");
  assert.match(String(running.logged.find(({ event }) => event === "fault")?.detail), /a bug/);
});

test("a log that can't be written doesn't turn a check into a gRPC error", async (t) => {
  const service = await startService(t, gateway(), { hasBrokenLog: true });
  const response = await ask(t, service, "/files/report", headersFor("report"));
  assert.equal(response.status?.code, 14);
  assert.equal(response.deniedResponse?.status?.code, "ServiceUnavailable");
});

test("a bug lets nothing pass that some route enforces", async (t) => {
  for (const [mode, allows] of [
    ["audit", true],
    ["enforce", false],
  ] as const) {
    const service = await startService(t, gateway(", mode: audit"), {
      change: (snapshot) => ({
        ...snapshot,
        policy: { ...snapshot.policy, strictestMode: mode, gateway: undefined as never },
      }),
    }).catch(() => undefined);
    if (service === undefined) assert.fail("the service didn't start");
    const response = await ask(t, service, "/files/report", headersFor("report"));
    assert.equal(response.okResponse != null, allows, mode);
  }
});

test("audit lets a denied request pass without any fact, permissive with a warning", async (t) => {
  const modes: readonly [Mode, Record<string, string>][] = [
    ["audit", {}],
    ["permissive", { "x-tenuo-warning": "missing_warrant" }],
  ];
  for (const [mode, warning] of modes) {
    const service = await startService(t, gateway(`, mode: ${mode}`));
    const response = await ask(t, service, "/files/report", { "x_tenuo-tool": "forged" });
    const { "x-tenuo-request-id": requestId, ...rest } = headersOf(response.okResponse?.headers);
    // The forged spelling is what is wrong here, and it is told before the warrant is looked for.
    const expected = "x-tenuo-warning" in warning ? { "x-tenuo-warning": "ambiguous_request" } : {};
    assert.deepEqual(rest, expected);
    assert.deepEqual(headersOf(response.okResponse?.responseHeadersToAdd), expected);
    assert.ok(requestId?.startsWith("req_"));
    for (const name of ["x-tenuo-tool", "x-tenuo-warrant-id", "x_tenuo-tool"]) {
      assert.ok(response.okResponse?.headersToRemove.includes(name), name);
    }
    assert.equal(metadataOf(response)["decision"], "would_deny");
    assert.equal(metadataOf(response)["warrant_id"], undefined);
  }
});

test("a route may have a mode of its own", async (t) => {
  const service = await startService(t, gateway());
  assert.ok((await ask(t, service, "/watched/report", {})).okResponse != null);
  assert.ok((await ask(t, service, "/files/report", {})).deniedResponse != null);
});

test("no odd spelling gets around a route that enforces where the rest is only watched", async (t) => {
  const enforced = '  - {pattern: "/wipe/{name}", method: POST, tool: read_file, mode: enforce}';
  const service = await startService(t, `${gateway(", mode: audit")}${enforced}\n`);
  const authorizer = connectAuthorization(`127.0.0.1:${service.port}`);
  t.after(authorizer.close);
  const isDenied = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const http = { method, path, host: "api", headers, protocol: "HTTP/1.1" };
    const { deniedResponse } = await authorizer.check({ attributes: { request: { http } } });
    return deniedResponse != null;
  };
  assert.ok(await isDenied("POST", "/wipe/5"));
  const odd = {
    "x-http-method-override": "GET",
    upgrade: "websocket",
    x_tenuo_pop: "a",
    connection: "x-tenuo-pop",
  };
  for (const [name, value] of Object.entries(odd))
    assert.ok(await isDenied("POST", "/wipe/5", { [name]: value }), name);
  for (const path of ["/wipe/5;a", "//wipe/5", "/wipe/%35", "/wipe/a/../5"])
    assert.ok(await isDenied("POST", path), path);
  assert.ok(await isDenied("post", "/wipe/5"), "another method of the same path");
  assert.ok(await isDenied("POST", "/wipe/5", { filler: "a".repeat(600_000) }), "too large");
  assert.equal(await isDenied("POST", "/elsewhere"), false, "what no route knows is only watched");
});

test("a call that needs approval is allowed once what its denial tells is signed", async (t) => {
  const approver = generateSigningKey();
  const gated = mint(root, {
    holder: holder.publicKey,
    tools: { read_file: constraintSet({ name: pattern("re*") }) },
    issuedAt: now,
    lifetimeSeconds: 600,
    approval: {
      gates: new Map([["read_file", { args: null, message: "Ask the owner" }]]),
      approvers: [approver.publicKey],
    },
  });
  const call = { warrant: leafOf(gated), tool: "read_file", args: new Map([["name", "report"]]) };
  const headers = {
    "x-tenuo-warrant": encodeHeader(encodeStack(gated)),
    "x-tenuo-pop": encodeHeader(signProof(holder, call, Date.now() / 1000)),
  };
  const service = await startService(t, gateway());
  const { deniedResponse } = await ask(t, service, "/files/report", headers);
  const { reason, message, request_hash: hash, ...body } = JSON.parse(deniedResponse?.body ?? "");
  assert.deepEqual([reason, message], ["approval_required", "Ask the owner"]);
  assert.deepEqual(body.required_approvers, [approver.publicKey.hex]);
  const approval = signApproval(approver, { requestHash: Buffer.from(hash, "hex") });
  const approved = { ...headers, "x-tenuo-approvals": approvalsHeader([approval]) };
  assert.ok((await ask(t, service, "/files/report", approved)).okResponse != null);
});

test("an approvals header that can't be read denies a call that needs none, before its chain is judged", async (t) => {
  const service = await startService(t, gateway());
  const stranger = mint(generateSigningKey(), {
    ...{ holder: holder.publicKey, tools: {}, issuedAt: now, lifetimeSeconds: 60 },
  });
  for (const headers of [headersFor("report"), { "x-tenuo-warrant": encodeHeader(encodeStack(stranger)) }]) {
    const { deniedResponse } = await ask(t, service, "/files/report", {
      ...headers,
      "x-tenuo-approvals": "%",
    });
    assert.equal(headersOf(deniedResponse?.headers)["x-tenuo-deny-reason"], "invalid_approval");
  }
});
