import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { argumentsOf, assertRefused, call, fileOf, gatewayOf } from "./call.ts";
import type { Sent } from "./request.ts";

const file = fileOf("v: {from: body, path: a}");
const gateway = gatewayOf(file);
const JSON_TYPE = ["content-type", "application/json"] as const;

function post(body: string | Uint8Array, ...headers: readonly (readonly [string, string])[]): Sent {
  return { method: "POST", body, headers: headers.length === 0 ? [JSON_TYPE] : headers };
}

describe("a body is unreadable", () => {
  const body = '{"a":1}';
  const unreadable: Readonly<Record<string, Sent>> = {
    "when the proxy sent a part of it": post(body, JSON_TYPE, ["x-envoy-auth-partial-body", "true"]),
    "when the mark of a part is neither true nor false": post(body, JSON_TYPE, [
      "x-envoy-auth-partial-body",
      "1",
    ]),
    "when it is shorter than announced": post(body, JSON_TYPE, ["content-length", "8"]),
    "when it is longer than announced": post(body, JSON_TYPE, ["content-length", "6"]),
    "when its length is no number": post(body, JSON_TYPE, ["content-length", "7,7"]),
    "when its length is sent twice": post(body, JSON_TYPE, ["content-length", "7"], ["content-length", "7"]),
    "when it is compressed": post(body, JSON_TYPE, ["content-encoding", "gzip"]),
    "when one of its encodings isn't identity": post(
      body,
      JSON_TYPE,
      ["content-encoding", "identity"],
      ["content-encoding", "br"],
    ),
    "without a media type": post(body, ["accept", "*/*"]),
    "as a form": post(body, ["content-type", "application/x-www-form-urlencoded"]),
    "as text": post(body, ["content-type", "text/plain"]),
    "as JSON lines": post(body, ["content-type", "application/jsonl"]),
    "when its media type is sent twice": post(body, JSON_TYPE, ["content-type", "text/plain"]),
    "when its media types were joined": post(body, ["content-type", "application/json;a=b, text/plain"]),
    "in another charset": post(body, ["content-type", "application/json; charset=utf-16"]),
    "in two charsets": post(body, ["content-type", 'application/json;charset=utf-8;charset="latin1"']),
    "when a POST has none and no length": { method: "POST", headers: [JSON_TYPE] },
    "when a GET has none but a framing": { headers: [["transfer-encoding", "chunked"]] },
    "when a length of 0 stands beside a framing": {
      method: "POST",
      headers: [
        ["content-length", "0"],
        ["transfer-encoding", "chunked"],
      ],
    },
    "when a GET has none but a length": { headers: [["content-length", "7"]] },
    "when a request over HTTP/2 has none but a media type": {
      method: "DELETE",
      protocol: "HTTP/2",
      headers: [["content-type", "text/plain"]],
    },
    "when nobody says which HTTP it was, and there is a media type": { protocol: "", headers: [JSON_TYPE] },
    "when it is not JSON": post("hello"),
    "when it holds more values than one request may cost": post(`[${"[],".repeat(100_000)}0]`),
    "when a number elsewhere in it can't be kept": post('{"a":1,"b":99999999999999999999}'),
  };
  for (const [what, sent] of Object.entries(unreadable)) {
    it(what, () => assertRefused(call(gateway, sent), "body_unreadable"));
  }

  it("only where a rule reads it", () => {
    const other = gatewayOf(fileOf(""));
    for (const sent of Object.values(unreadable))
      assert.deepEqual(call(other, sent), { tool: "t", args: new Map() });
  });
});

describe("a body is read", () => {
  const body = '{"a":1}';
  const readable: Readonly<Record<string, Sent>> = {
    "as application/json": post(body),
    "as application/json in any case, with parameters": post(body, [
      "content-type",
      "Application/JSON ; x=y",
    ]),
    "as a type that ends in +json": post(body, ["content-type", "application/vnd.api+json"]),
    "with its charset spelled out": post(body, ["content-type", 'application/json; charset="UTF-8"']),
    "without a length, as over HTTP/2": { ...post(body), announced: false },
    "with the identity encoding": post(body, JSON_TYPE, ["content-encoding", "Identity"]),
    "when the proxy says it is whole": post(body, JSON_TYPE, ["x-envoy-auth-partial-body", "false"]),
    "of a GET": { method: "GET", body, headers: [JSON_TYPE] },
  };
  for (const [what, sent] of Object.entries(readable)) {
    it(what, () => assert.deepEqual(argumentsOf(file, sent), { v: 1n }));
  }

  it("of a media type the operator added", () => {
    const wider = fileOf("v: {from: body, path: a}", { settings: "body_media_types: [text/plain, none]" });
    assert.deepEqual(argumentsOf(wider, post(body, ["content-type", "Text/Plain"])), { v: 1n });
    assert.deepEqual(argumentsOf(wider, post(body, ["accept", "*/*"])), { v: 1n });
    assertRefused(call(gatewayOf(wider), post(body, ["content-type", "text/html"])), "body_unreadable");
  });
});

describe("every body value is missing", () => {
  for (const method of ["GET", "HEAD", "DELETE", "OPTIONS"]) {
    it(`when ${method} has no body`, () => assert.deepEqual(argumentsOf(file, { method }), {}));
  }

  it("when a POST has a length of 0", () => {
    assert.deepEqual(argumentsOf(file, { method: "POST", body: "" }), {});
  });
});

describe("a member given twice", () => {
  const twice: readonly (readonly [path: string, body: string])[] = [
    ["a", '{"a":1,"a":1}'],
    ["a", '{"a":1,"\\u0061":2}'],
    ["a.b", '{"a":{"b":1},"a":{"b":1}}'],
    ["a.b", '{"a":{"b":1,"b":2}}'],
    ["a.*.b", '{"a":[{"b":1},{"b":1,"b":2}]}'],
    ["a.0.b", '{"a":[{"b":1,"b":2}]}'],
    ["a", '{"a":{"b":{"c":1,"c":2}}}'],
    ["a", '{"a":[[{"c":1,"c":2}]]}'],
    ["a.x", '{"a":{"y":1},"a":{"z":1}}'],
  ];
  for (const [path, body] of twice) {
    it(`is refused on the path ${path} of ${body}`, () => {
      const outcome = call(gatewayOf(fileOf(`v: {from: body, path: "${path}"}`)), post(body));
      assertRefused(outcome, "ambiguous_request");
    });
  }

  it("is harmless elsewhere", () => {
    assert.deepEqual(argumentsOf(file, post('{"a":1,"b":1,"b":{"c":1,"c":1}}')), { v: 1n });
    assert.deepEqual(argumentsOf(fileOf("v: {from: body, path: a.0}"), post('{"a":[1,{"c":1,"c":1}]}')), {
      v: 1n,
    });
  });
});

describe("a member in other letters", () => {
  const otherwise: readonly (readonly [path: string, body: string])[] = [
    ["replicas", '{"replicas":1,"Replicas":9}'],
    ["replicas", '{"REPLICAS":9}'],
    ["replicas", '{"replica\u017f":9}'],
    ["replicas", '{"replica\\u017f":9}'],
    ["kind", '{"kind":1,"\u212aind":9}'],
    ["Δ", '{"δ":9}'],
    ["spec.replicas", '{"spec":{"replicas":1},"Spec":{"replicas":9}}'],
    ["spec.replicas", '{"Spec":{"replicas":9}}'],
    ["spec.replicas", '{"spec":{"replicaS":9}}'],
    ["items.*.id", '{"items":[{"id":1},{"id":1,"ID":9}]}'],
    ["items.0.id", '{"items":[{"Id":9}]}'],
  ];
  for (const [path, body] of otherwise) {
    it(`is refused on the path ${path} of ${body}`, () => {
      const outcome = call(gatewayOf(fileOf(`v: {from: body, path: "${path}"}`)), post(body));
      assertRefused(outcome, "ambiguous_request", /letters in another case/);
    });
  }

  it("is harmless elsewhere", () => {
    const body = '{"spec":{"a":1,"xReplicas":2},"x":{"A":2,"Spec":3},"X":4,"ſpecs":5}';
    assert.deepEqual(argumentsOf(fileOf("v: {from: body, path: spec.a}"), post(body)), { v: 1n });
  });

  it("is looked for without much time", () => {
    const names = Array.from({ length: 16_000 }, (_, i) => `"é${String(i).padStart(5, "0")}":0`);
    const rules = Array.from({ length: 10 }, (_, i) => `v${i}: {from: body, path: abcde${i}}`);
    const many = gatewayOf(fileOf(rules.join(", ")));
    const sent = post(`{${names.join(",")}}`);
    const started = performance.now();
    assert.deepEqual(call(many, sent), { tool: "t", args: new Map() });
    assert.ok(performance.now() - started < 2000);
  });
});

describe("`!` in a body whose bytes may have been replaced", () => {
  for (const body of ['{"a":"x!"}', '{"a":["!"]}', '{"a":{"!":1}}', '{"a":"\\u0021"}']) {
    it(`is refused in ${body}`, () => {
      const sent = { ...post(body), exact: false };
      assertRefused(call(gateway, sent), "ambiguous_request", /pack_as_bytes/);
      assert.doesNotThrow(() => argumentsOf(file, post(body)));
    });
  }

  it("is refused in the name of an extracted member", () => {
    const named = fileOf('v: {from: body, path: "a!"}');
    assertRefused(call(gatewayOf(named), { ...post('{"a!":1}'), exact: false }), "ambiguous_request");
    assert.deepEqual(argumentsOf(named, post('{"a!":1}')), { v: 1n });
  });

  it("is refused in a name that is an extracted one to readers that drop such bytes", () => {
    for (const body of ['{"a":1,"a!":2}', '{"!a":2}', '{"a":1,"!A!":2}', '{"a":1,"\\u0021a":2}']) {
      assertRefused(call(gateway, { ...post(body), exact: false }), "ambiguous_request", /drop/);
    }
    const exact = post('{"a":1,"a!":2}');
    assert.deepEqual(argumentsOf(file, exact), { v: 1n });
  });

  it("is harmless elsewhere", () => {
    assert.deepEqual(argumentsOf(file, { ...post('{"a":1,"b":"!","!b":2}'), exact: false }), { v: 1n });
  });
});

describe("a method in a body", () => {
  it("is refused, as some frameworks act on it", () => {
    assertRefused(call(gateway, post('{"a":1,"_method":"DELETE"}')), "ambiguous_request", /_method/);
    assert.deepEqual(argumentsOf(file, post('{"a":1,"b":{"_method":"DELETE"}}')), { v: 1n });
  });

  it("passes as an argument, which is judged", () => {
    const read = fileOf("v: {from: body, path: _method}");
    assert.deepEqual(argumentsOf(read, post('{"_method":"DELETE"}')), { v: "DELETE" });
  });
});

describe("names that mean something to JavaScript", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__"]) {
    it(`${name} is missing unless it is sent`, () => {
      const file = fileOf(`v: {from: body, path: ${name}}`);
      assert.deepEqual(argumentsOf(file, post("{}")), {});
      assert.deepEqual(argumentsOf(file, post(`{"${name}":1}`)), { v: 1n });
    });
  }

  it("length is no member of a list or a text", () => {
    const file = fileOf("v: {from: body, path: a.length}");
    assert.deepEqual(argumentsOf(file, post('{"a":[1]}')), {});
    assert.deepEqual(argumentsOf(file, post('{"a":"x"}')), {});
  });
});
