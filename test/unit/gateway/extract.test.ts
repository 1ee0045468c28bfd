import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Value } from "../../../src/value.ts";
import { argumentsOf, assertRefused, call, fileOf, gatewayOf } from "./call.ts";
import type { Sent } from "./request.ts";

const JSON_TYPE = ["content-type", "application/json"] as const;

function post(body: string): Sent {
  return { method: "POST", body, headers: [JSON_TYPE] };
}

describe("in version 2 a type converts text", () => {
  const converted: readonly (readonly [type: string, text: string, value: Value | undefined])[] = [
    ["string", "5", "5"],
    ["integer", "5", 5n],
    ["integer", "0", 0n],
    ["integer", "-5", -5n],
    ["integer", "-0", 0n],
    ["integer", "9223372036854775807", 9223372036854775807n],
    ["integer", "-9223372036854775808", -9223372036854775808n],
    ["integer", "9223372036854775808", undefined],
    ["integer", "9".repeat(60_000), undefined],
    ["integer", "05", undefined],
    ["integer", "%2B5", undefined],
    ["integer", "5.0", undefined],
    ["integer", "1e2", undefined],
    ["integer", "0x5", undefined],
    ["integer", "%205", undefined],
    ["integer", "5%0A", undefined],
    ["integer", "", undefined],
    ["integer", "%D9%A5", undefined],
    ["float", "5", 5],
    ["float", "5.0", 5],
    ["float", "-0", -0],
    ["float", "1.5e3", 1500],
    ["float", "1e400", undefined],
    ["float", ".5", undefined],
    ["float", "5.", undefined],
    ["float", "NaN", undefined],
    ["float", "Infinity", undefined],
    ["float", "05", undefined],
    ["boolean", "true", true],
    ["boolean", "false", false],
    ["boolean", "True", undefined],
    ["boolean", "1", undefined],
    ["boolean", "", undefined],
  ];
  for (const [type, text, value] of converted) {
    it(`${type} of ${JSON.stringify(text.slice(0, 30))}`, () => {
      const file = fileOf(`v: {from: query, path: v, type: ${type}}`);
      const sent = { target: `/t?v=${text}` };
      if (value !== undefined) assert.deepEqual(argumentsOf(file, sent), { v: value });
      else assertRefused(call(gatewayOf(file), sent), "extraction_failed", new RegExp(type));
    });
  }

  it("of a path parameter and a header, too", () => {
    const rules = "p: {from: path, path: p, type: integer}, h: {from: header, path: h, type: boolean}";
    const file = fileOf(rules, { route: 'pattern: "/{p}"' });
    assert.deepEqual(argumentsOf(file, { target: "/7", headers: [["h", "true"]] }), { p: 7n, h: true });
  });

  it("but not the text of a default, which must be of the type already", () => {
    assert.deepEqual(argumentsOf(fileOf("v: {from: query, path: v, type: integer, default: 7}"), {}), {
      v: 7n,
    });
    for (const rule of [
      'from: query, path: v, type: integer, default: "7"',
      "from: literal, type: list, default: 7",
      "from: body, path: v, type: boolean, default: 0",
      "from: header, path: v, default: c, allowed_values: [a, b]",
    ]) {
      assertRefused(call(gatewayOf(fileOf(`v: {${rule}}`)), {}), "extraction_failed");
    }
  });
});

it("a long text of digits is refused without converting it", () => {
  const gateway = gatewayOf(fileOf("v: {from: query, path: v, type: integer}"));
  const sent = { target: `/t?v=${"9".repeat(65_000)}` };
  const started = performance.now();
  for (let i = 0; i < 200; i++) assertRefused(call(gateway, sent), "extraction_failed");
  assert.ok(performance.now() - started < 2000);
});

describe("in version 2 a type is demanded of a body value", () => {
  const kinds: Readonly<Record<string, string>> = {
    string: '"x"',
    integer: "5",
    float: "5.0",
    boolean: "true",
    list: "[]",
  };
  for (const type of Object.keys(kinds)) {
    for (const [kind, json] of [...Object.entries(kinds), ["null", "null"], ["map", "{}"]]) {
      it(`${type} ${type === kind ? "takes" : "refuses"} ${json}`, () => {
        const outcome = call(
          gatewayOf(fileOf(`v: {from: body, path: v, type: ${type}}`)),
          post(`{"v":${json}}`),
        );
        if (type === kind) assert.ok(!("refused" in outcome));
        else assertRefused(outcome, "extraction_failed");
      });
    }
  }
});

describe("in version 2 allowed values are the only ones", () => {
  const file = fileOf('v: {from: body, path: v, allowed_values: [a, 5, 2.50, true, "null"]}');
  const gateway = gatewayOf(file);
  for (const json of ['"a"', '"5"', "5", "2.5", "25e-1", "true", "null"]) {
    it(`${json} passes`, () => assert.ok(!("refused" in call(gateway, post(`{"v":${json}}`)))));
  }
  for (const json of ['"b"', '"A"', "6", "-5", "2.6", "false", "[]", '["a"]', "{}", '"2.5"']) {
    it(`${json} is refused`, () => assertRefused(call(gateway, post(`{"v":${json}}`)), "extraction_failed"));
  }

  it("5 as text stands for 5.0 of a float", () => {
    assert.ok(!("refused" in call(gateway, post('{"v":5.0}'))));
  });

  it("and are compared after conversion", () => {
    const typed = fileOf("v: {from: query, path: v, type: float, allowed_values: [1.50, 2]}");
    assert.deepEqual(argumentsOf(typed, { target: "/t?v=15e-1" }), { v: 1.5 });
    assertRefused(call(gatewayOf(typed), { target: "/t?v=3" }), "extraction_failed");
  });
});

describe("in version 1 neither type nor allowed values have an effect", () => {
  it("on a query", () => {
    const file = fileOf("v: {from: query, path: v, type: integer, allowed_values: [1]}", { version: "1" });
    assert.deepEqual(argumentsOf(file, { target: "/t?v=x" }), { v: "x" });
  });
});

describe("the short form of rules", () => {
  const tools =
    'tools: {t: {extract: {path: "$.path", method: "$.method", n: "$.a.n", h: {from: header, path: h}}}}';
  const file = (version: string): string =>
    `version: "${version}"\nsettings: {}\n${tools}\nroutes: [{path_prefix: "/", tool: t}]\n`;

  it("reads path, method and body", () => {
    const sent = { ...post('{"a":{"n":1}}'), target: "/x/y?q", headers: [JSON_TYPE, ["h", "v"] as const] };
    assert.deepEqual(argumentsOf(file("1"), sent), { path: "/x/y", method: "POST", n: 1n, h: "v" });
  });

  it("reads the path decoded in version 2, and refuses escapes in version 1", () => {
    assert.deepEqual(argumentsOf(file("2"), { target: "/a%20b" }), { path: "/a b", method: "GET" });
    assertRefused(call(gatewayOf(file("1")), { target: "/a%20b" }), "ambiguous_request");
  });

  it("maps the prefix itself and all below", () => {
    assert.deepEqual(argumentsOf(file("2"), { target: "/" }), { path: "/", method: "GET" });
  });
});

describe("a refusal names the argument and what is there instead", () => {
  it("for a body", () => {
    const outcome = call(
      gatewayOf(fileOf("v: {from: body, path: v, required: true}")),
      post('{"a":1,"b":2}'),
    );
    assertRefused(outcome, "extraction_failed", /`v` is required: the body has no `v`, but `a`, `b`/);
    assert.equal("field" in outcome && outcome.field, "v");
  });

  it("for headers, at most five", () => {
    const headers = ["a", "b", "c", "d", "e", "f"].map((name) => [name, ""] as const);
    const outcome = call(gatewayOf(fileOf("v: {from: header, path: v, required: true}")), { headers });
    assertRefused(outcome, "extraction_failed", /but `a`, `b`, `c`, `d`, `e`$/);
  });

  it("required wins over a default", () => {
    const gateway = gatewayOf(fileOf("v: {from: query, path: v, required: true, default: x}"));
    assertRefused(call(gateway, {}), "extraction_failed");
  });
});

it("a route's rule replaces the tool's rule of that name", () => {
  const file = `version: "2"
settings: {}
tools: {t: {constraints: {a: {from: query, path: a, required: true}, b: {from: literal, default: 1}}}}
routes:
  - {pattern: "/t", tool: t, extra_constraints: {a: {from: literal, default: route}}}
`;
  assert.deepEqual(argumentsOf(file, {}), { a: "route", b: 1n });
});
