import assert from "node:assert/strict";
import { test } from "node:test";
import type { Allow, Deny } from "../../../../src/decision/decision.ts";
import { ANSWERS, type Reason } from "../../../../src/decision/reason.ts";
import type { HttpRequest } from "../../../../src/gateway/request.ts";
import { internalDenial, toCheckResponse } from "../../../../src/server/check/check-response.ts";
import { serializeResponse } from "../../../../src/server/check/response-guard.ts";
import { explain } from "../../../../src/server/explain.ts";
import { type CheckResponse, decodeResponse } from "../../../support/check-request.ts";

const REASONS = Object.keys(ANSWERS) as Reason[];
const FACTS = {
  tool: "read_file",
  warrantId: "tnu_wrt_0190",
  holder: "ab".repeat(32),
  root: "cd".repeat(32),
  chainDepth: 2,
  expiresAt: 1_700_000_060,
  chain: ["tnu_wrt_0000", "tnu_wrt_0190"],
};
const ALLOW: Allow = { allow: true, mode: "enforce", ...FACTS, approvals: [] };
const DENY: Deny = {
  allow: false,
  mode: "enforce",
  reason: "constraint_violation",
  ...FACTS,
  detail: "path=/etc/passwd not in Pattern(/data/*)",
  field: "path",
  constraint: "Pattern(/data/*)",
  value: "/etc/passwd",
};
/** Every name that speaks for the authorizer. */
const OURS = [
  "x-tenuo-warrant-id",
  "x-tenuo-tool",
  "x-tenuo-holder",
  "x-tenuo-root",
  "x-tenuo-chain-depth",
  "x-tenuo-request-id",
  "x-tenuo-warning",
  "x-tenuo-deny-reason",
];

const OVERWRITE_IF_EXISTS_OR_ADD = 2;

interface Given {
  readonly debugMode?: boolean;
  readonly stripHeaders?: readonly string[];
  readonly sent?: Readonly<Record<string, string>>;
}

/** As a proxy reads it. */
function answer(
  decision: Allow | Deny,
  { debugMode = false, stripHeaders = [], sent = {} }: Given = {},
): CheckResponse {
  const request: HttpRequest = {
    method: "GET",
    target: "/",
    authority: "api",
    protocol: "HTTP/1.1",
    headers: { lines: new Map(Object.entries(sent).map(([name, value]) => [name, [value]])), exact: false },
    body: { bytes: new Uint8Array(), exact: true },
  };
  return decodeResponse(
    serializeResponse(toCheckResponse(decision, "req_1", request, { debugMode, stripHeaders })),
  );
}

function optionsOf({ okResponse, deniedResponse }: CheckResponse) {
  return [
    ...(okResponse?.headers ?? []),
    ...(okResponse?.responseHeadersToAdd ?? []),
    ...(deniedResponse?.headers ?? []),
  ];
}

function texts(options: ReturnType<typeof optionsOf> | undefined) {
  return Object.fromEntries((options ?? []).map(({ header }) => [header?.key, header?.value]));
}

function bodyOf(response: CheckResponse) {
  return JSON.parse(response.deniedResponse?.body ?? "");
}

function metadataOf({ dynamicMetadata }: CheckResponse) {
  const fields = Object.entries(dynamicMetadata?.fields ?? {});
  return Object.fromEntries(fields.map(([name, value]) => [name, value.stringValue ?? value.numberValue]));
}

test("every header of every answer overwrites, in the words of old and new proxies", () => {
  const answers = [
    answer(ALLOW),
    answer(DENY, { debugMode: true }),
    answer({ ...DENY, reason: "missing_warrant" }),
    answer({ ...DENY, mode: "permissive" }),
  ];
  assert.deepEqual(
    answers.map((each) => optionsOf(each).length),
    [6, 3, 4, 3],
  );
  for (const option of answers.flatMap(optionsOf)) {
    assert.deepEqual(option.append, { value: false });
    assert.equal(option.appendAction, OVERWRITE_IF_EXISTS_OR_ADD);
  }
});

test("an allow sets the facts, tells the client nothing and removes the rest of our names", () => {
  const { status, okResponse, deniedResponse } = answer(ALLOW);
  assert.deepEqual([status, deniedResponse], [{ code: 0 }, undefined]);
  assert.deepEqual(texts(okResponse?.headers), {
    "x-tenuo-warrant-id": "tnu_wrt_0190",
    "x-tenuo-tool": "read_file",
    "x-tenuo-holder": "ab".repeat(32),
    "x-tenuo-root": "cd".repeat(32),
    "x-tenuo-chain-depth": "2",
    "x-tenuo-request-id": "req_1",
  });
  assert.equal(okResponse?.responseHeadersToAdd, undefined);
  assert.deepEqual(okResponse?.headersToRemove, ["x-tenuo-warning", "x-tenuo-deny-reason"]);
});

test("a denied request that may pass takes no fact along, and none of its own claims", () => {
  for (const mode of ["audit", "permissive"] as const) {
    const warning = mode === "permissive" ? { "x-tenuo-warning": "constraint_violation" } : {};
    const set = { "x-tenuo-request-id": "req_1", ...warning };
    const { status, okResponse, deniedResponse } = answer({ ...DENY, mode }, { debugMode: true });
    assert.deepEqual([status, deniedResponse], [{ code: 0 }, undefined]);
    assert.deepEqual(texts(okResponse?.headers), set);
    assert.deepEqual(texts(okResponse?.responseHeadersToAdd), warning);
    assert.deepEqual(
      okResponse?.headersToRemove,
      OURS.filter((name) => !(name in set)),
    );
  }
});

test("in a mode nobody knows a denied request stays denied", () => {
  for (const mode of [undefined, "", "off"]) {
    const { status, okResponse } = answer({ ...DENY, mode: mode as never });
    assert.deepEqual([status?.code, okResponse], [7, undefined]);
  }
});

test("every spelling of our names that an upstream may read as one is removed, and nothing else", () => {
  const sent = {
    x_tenuo_tool: "1",
    "x-tenuo.root": "1",
    "x.tenuo_warrant-id": "1",
    "x-tenuo-tool": "1",
    x_tenuo_other: "1",
    x_other: "1",
  };
  const aliases = ["x_tenuo_tool", "x-tenuo.root", "x.tenuo_warrant-id"];
  for (const decision of [ALLOW, { ...DENY, mode: "audit" } as const]) {
    const removed = answer(decision, { sent }).okResponse?.headersToRemove ?? [];
    assert.deepEqual(
      removed.filter((name) => !OURS.includes(name)),
      aliases,
    );
  }
});

test("half of a surrogate pair, which is no UTF-8, doesn't make an answer that no proxy can read", () => {
  for (const decision of [ALLOW, DENY, { ...DENY, mode: "audit" } as const]) {
    const { dynamicMetadata } = answer({ ...decision, tool: "\ud83d" });
    assert.equal(dynamicMetadata?.fields?.["tool"]?.stringValue, "\ufffd");
  }
});

test("what is to be stripped is stripped whenever the request passes", () => {
  const stripHeaders = ["x-tenuo-warrant", "x-tenuo-pop"];
  for (const decision of [ALLOW, { ...DENY, mode: "audit" } as const]) {
    assert.deepEqual(answer(decision, { stripHeaders }).okResponse?.headersToRemove?.slice(-2), stripHeaders);
    assert.ok(!answer(decision).okResponse?.headersToRemove?.includes("x-tenuo-warrant"));
  }
});

test("the metadata of each verdict", () => {
  const common = { request_id: "req_1", tool: "read_file" };
  const facts = {
    warrant_id: "tnu_wrt_0190",
    holder: "ab".repeat(32),
    root: "cd".repeat(32),
    chain_depth: 2,
  };
  const reason = "constraint_violation";
  assert.deepEqual(metadataOf(answer({ ...ALLOW, mode: "audit" })), {
    ...{ ...common, ...facts, decision: "allow", mode: "audit" },
  });
  assert.deepEqual(metadataOf(answer(DENY)), {
    ...common,
    ...facts,
    decision: "deny",
    reason,
    mode: "enforce",
  });
  for (const mode of ["audit", "permissive"] as const)
    assert.deepEqual(metadataOf(answer({ ...DENY, mode })), {
      ...common,
      decision: "would_deny",
      reason,
      mode,
    });
  assert.deepEqual(metadataOf(answer({ allow: false, mode: "enforce", reason: "no_route", detail: "" })), {
    ...{ request_id: "req_1", decision: "deny", reason: "no_route", mode: "enforce" },
  });
  assert.deepEqual(answer({ ...ALLOW, chainDepth: 0 }).dynamicMetadata?.fields?.["chain_depth"], {
    numberValue: 0,
  });
});

test("each reason is answered with its own status, name, code and message", () => {
  const rpc: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 7, 503: 14 };
  for (const reason of REASONS) {
    const response = answer({ allow: false, mode: "enforce", reason, detail: "the detail" });
    const { status, error, code, message } = ANSWERS[reason];
    assert.deepEqual(response.status, { code: rpc[status], message }, reason);
    assert.deepEqual(response.deniedResponse?.status, { code: status });
    assert.equal(response.okResponse, undefined);
    assert.deepEqual(texts(response.deniedResponse?.headers), {
      "x-tenuo-deny-reason": reason,
      "x-tenuo-request-id": "req_1",
      "content-type": "application/json",
      ...(status === 401 ? { "www-authenticate": "Tenuo" } : {}),
    });
    assert.deepEqual(bodyOf(response), {
      ...{ authorized: false, error, reason, message, request_id: "req_1" },
      ...(code === undefined ? {} : { error_code: code }),
    });
  }
});

test("a chain that isn't valid says which fault it has", () => {
  const faults = {
    "chain-broken": 1405,
    "invalid-attenuation": 1502,
    "capability-expansion": 1503,
    "invalid-issuer": 1400,
  } as const;
  for (const [chainFault, code] of Object.entries(faults)) {
    const decision = {
      ...DENY,
      reason: "chain_invalid",
      chainFault: chainFault as keyof typeof faults,
    } as const;
    const { error, error_code, reason } = bodyOf(answer(decision));
    assert.deepEqual([error, error_code, reason], [chainFault, code, "chain_invalid"]);
  }
});

test("outside debug mode a body tells what is asked, but neither the value nor the detail", () => {
  const body = bodyOf(answer(DENY));
  assert.deepEqual(
    { ...body, message: undefined },
    {
      authorized: false,
      error: "constraint-violation",
      error_code: 1501,
      reason: "constraint_violation",
      message: undefined,
      request_id: "req_1",
      warrant_id: "tnu_wrt_0190",
      tool: "read_file",
      field: "path",
      constraint: "Pattern(/data/*)",
    },
  );
});

test("a call that lacks approvals is told what to have signed, outside debug mode too", () => {
  const demand = { requestHash: "ef".repeat(32), required: 2, received: 1, approvers: ["ab".repeat(32)] };
  const fields = {
    request_hash: demand.requestHash,
    required_approvals: 2,
    received_approvals: 1,
    required_approvers: demand.approvers,
  };
  const decision: Deny = { allow: false, mode: "enforce", reason: "insufficient_approvals", detail: "" };
  const { error, code, message } = ANSWERS.insufficient_approvals;
  assert.deepEqual(bodyOf(answer({ ...decision, approval: demand })), {
    ...{ authorized: false, error, error_code: code, reason: "insufficient_approvals", message },
    ...{ request_id: "req_1", ...fields },
  });
});

test("a gate's own words stay inside the message: escaped, cut, and in no header", () => {
  const words = `"},"authorized":true,"\r\nset-cookie: a=b\u2028${"m".repeat(5000)}`;
  const demand = { requestHash: "", required: 1, received: 0, approvers: [], message: words };
  const decision: Deny = { allow: false, mode: "enforce", reason: "approval_required", detail: "" };
  for (const debugMode of [false, true]) {
    const response = answer({ ...decision, approval: demand }, { debugMode });
    const { authorized, message } = bodyOf(response);
    assert.deepEqual([authorized, message], [false, words.slice(0, 1024)]);
    assert.doesNotMatch(
      JSON.stringify([response.deniedResponse?.headers, response.dynamicMetadata]),
      /cookie|mmm/,
    );
  }
});

test("without debug mode no word of the detail or of the value is in any answer", () => {
  const secret = { detail: "hush-detail", value: "hush-value" };
  for (const mode of ["enforce", "audit", "permissive"] as const) {
    for (const reason of REASONS)
      assert.doesNotMatch(JSON.stringify(answer({ ...DENY, ...secret, mode, reason })), /hush/);
  }
});

test("debug mode adds the detail to the header, and detail and value to the body", () => {
  const response = answer(DENY, { debugMode: true });
  const detail = "path=/etc/passwd not in Pattern(/data/*)";
  assert.equal(
    texts(response.deniedResponse?.headers)["x-tenuo-deny-reason"],
    `constraint_violation: ${detail}`,
  );
  const { value, detail: told } = bodyOf(response);
  assert.deepEqual([value, told], ["/etc/passwd", detail]);
  const { value: _, ...missing } = DENY;
  const body = bodyOf(answer(missing, { debugMode: true }));
  assert.equal(body.detail, detail);
  assert.ok(!("value" in body));
});

test("field, constraint, value and detail are cut to 1024 characters", () => {
  const long = "x".repeat(5000);
  const facts = { field: long, constraint: long, value: long, detail: long };
  const body = bodyOf(answer({ ...DENY, ...facts }, { debugMode: true }));
  for (const name of ["field", "constraint", "value", "detail"]) assert.equal(body[name].length, 1024, name);
  const response = answer({ ...DENY, detail: `é${long}` }, { debugMode: true });
  const reason = texts(response.deniedResponse?.headers)["x-tenuo-deny-reason"] ?? "";
  assert.equal(reason.length, "constraint_violation: ".length + 1024);
  assert.ok(reason.startsWith("constraint_violation: %C3%A9xxx"));
});

test("a detail is visible ASCII: no line break gets into a header", () => {
  const text = explain({ ...DENY, detail: "a\r\nx-evil: 1=\u0000\u007fé😀 %" });
  assert.equal(text, "a%0D%0Ax-evil: 1=%00%7F%C3%A9%F0%9F%98%80 %");
});

test("a fact that isn't ASCII is escaped in a header too", () => {
  assert.equal(
    texts(answer({ ...ALLOW, tool: "lösche\n" }).okResponse?.headers)["x-tenuo-tool"],
    "l%C3%B6sche%0A",
  );
});

test("where nothing else can be said the request is denied with 503", () => {
  const response = decodeResponse(serializeResponse(internalDenial("req_2")));
  assert.equal(response.status?.code, 14);
  assert.deepEqual(response.deniedResponse?.status, { code: 503 });
  assert.equal(texts(response.deniedResponse?.headers)["x-tenuo-deny-reason"], "internal");
  assert.equal(bodyOf(response).detail, undefined);
  assert.equal(metadataOf(response)["decision"], "deny");
});
