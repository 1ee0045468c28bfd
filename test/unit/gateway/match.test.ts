import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchRoute } from "../../../src/gateway/match.ts";
import { isRefusal } from "../../../src/gateway/refusal.ts";
import { argumentsOf, assertRefused, call, fileOf, gatewayOf, type Outcome } from "./call.ts";
import { request, type Sent } from "./request.ts";

/** A file with a tool for each route; a route is `METHOD host/pattern` with parts left out as needed. */
function routes(...lines: readonly string[]): ReturnType<typeof gatewayOf> {
  const tools = lines.map((line) => `  "${line}": {}`);
  const entries = lines.map((line) => {
    const [, method, host, pattern] = /^(?:([A-Za-z]+) )?([^/{]*)(.*)$/.exec(line) ?? [];
    const parts = [`pattern: "${pattern}"`, `tool: "${line}"`];
    if (method !== undefined) parts.push(`method: ${method}`);
    if (host !== "") parts.push(`host: "${host}"`);
    return `  - {${parts.join(", ")}}`;
  });
  return gatewayOf(
    `version: "2"\nsettings: {}\ntools:\n${tools.join("\n")}\nroutes:\n${entries.join("\n")}\n`,
  );
}

function toolOf(outcome: Outcome): string {
  return isRefusal(outcome) ? outcome.refused : outcome.tool;
}

describe("the most specific pattern wins, whatever the order in the file", () => {
  const all = [
    "/{*rest}",
    "/a/{x}",
    "/a/x{*rest}",
    "/a/{x}.json",
    "/a/v{x}",
    "/a/v{x}.json",
    "/a/ver{x}",
    "/a/b",
    "/a/{x}/c",
    "/a/b/d",
    "/a/{x}.tar.json",
  ];
  const winners: readonly (readonly [path: string, pattern: string])[] = [
    ["/a/b", "/a/b"],
    ["/a/v1", "/a/v{x}"],
    ["/a/v1.json", "/a/v{x}.json"],
    ["/a/ver1.json", "/a/ver{x}"],
    ["/a/ver", "/a/v{x}"],
    ["/a/v", "/a/{x}"],
    ["/a/q.json", "/a/{x}.json"],
    ["/a/q.tar.json", "/a/{x}.tar.json"],
    ["/a/.tar.json", "/a/{x}.json"],
    ["/a/.json", "/a/{x}"],
    ["/a/q", "/a/{x}"],
    ["/a/x", "/a/{x}"],
    ["/a/xy", "/a/x{*rest}"],
    ["/a/x/y", "/a/x{*rest}"],
    ["/a/b/c", "/a/{x}/c"],
    ["/a/b/d", "/a/b/d"],
    ["/a/b/e", "/{*rest}"],
    ["/a", "/{*rest}"],
    ["/a/", "/{*rest}"],
    ["/b/c/d", "/{*rest}"],
    ["/", "no_route"],
  ];
  for (const gateway of [routes(...all), routes(...all.toReversed())]) {
    for (const [path, pattern] of winners) {
      it(`${path} belongs to ${pattern}`, () =>
        assert.equal(toolOf(call(gateway, { target: path })), pattern));
    }
  }
});

describe("the path decides before the method", () => {
  const gateway = routes("GET /a", "DELETE /a", "POST /a/{x}", "GET /a/b", "/c", "put /d");

  it("routes of one pattern are told apart by method", () => {
    assert.equal(toolOf(call(gateway, { target: "/a" })), "GET /a");
    assert.equal(toolOf(call(gateway, { target: "/a", method: "DELETE" })), "DELETE /a");
  });

  it("a method that the winning pattern lacks has no route", () => {
    assertRefused(call(gateway, { target: "/a", method: "PUT" }), "no_route", /PUT \/a/);
    assertRefused(call(gateway, { target: "/a/b", method: "POST" }), "no_route");
  });

  it("GET does not imply HEAD", () =>
    assertRefused(call(gateway, { target: "/a", method: "HEAD" }), "no_route"));

  it("methods compare exactly", () =>
    assertRefused(call(gateway, { target: "/a", method: "get" }), "no_route"));

  it("a method configured in lower case is meant in capitals", () => {
    assert.equal(toolOf(call(gateway, { target: "/d", method: "PUT" })), "put /d");
    assertRefused(call(gateway, { target: "/d", method: "put" }), "no_route");
  });

  it("a route without methods takes every method", () => {
    for (const method of ["GET", "PURGE", "purge", "toString"]) {
      assert.equal(toolOf(call(gateway, { target: "/c", method })), "/c");
    }
  });

  it("names of JavaScript are no methods of a route", () => {
    assertRefused(call(gateway, { target: "/a", method: "constructor" }), "no_route");
  });
});

describe("hosts", () => {
  const gateway = routes("a.example/x", "GET a.example/y", "/x", "/y", "/z", "[::1]/x");

  const winners: readonly (readonly [authority: string, path: string, tool: string])[] = [
    ["a.example", "/x", "a.example/x"],
    ["A.Example:8080", "/x", "a.example/x"],
    ["b.example", "/x", "/x"],
    ["a.example", "/z", "/z"],
    ["[::1]:80", "/x", "[::1]/x"],
    ["[::1]", "/x", "[::1]/x"],
  ];
  for (const [authority, target, tool] of winners) {
    it(`${authority}${target} belongs to ${tool}`, () => {
      assert.equal(toolOf(call(gateway, { authority, target })), tool);
    });
  }

  it("a host's own pattern decides, even when it lacks the method", () => {
    assertRefused(call(gateway, { authority: "a.example", target: "/y", method: "PUT" }), "no_route");
    assert.equal(toolOf(call(gateway, { authority: "b.example", target: "/y", method: "PUT" })), "/y");
  });

  const second = [
    "",
    "a.example.",
    "a.example:",
    "a.example:80:80",
    "a.example:808080",
    "u@a.example",
    "a..example",
    "a.example\x00",
    "b%2Eexample",
    "a.example:+8",
    ".a.example",
  ];
  for (const authority of second) {
    it(`${JSON.stringify(authority)} can't slip past the host's routes`, () => {
      assertRefused(call(gateway, { authority, target: "/x" }), "ambiguous_request");
    });
  }

  it("are not looked at where no route has one", () => {
    assert.equal(toolOf(call(routes("/x"), { authority: "a.example.", target: "/x" })), "/x");
  });
});

describe("an escape", () => {
  const gateway = routes("/items/{id}:delete", "/items/{id}", "/{*rest}");

  it("that turns one route into another is refused", () => {
    assertRefused(call(gateway, { target: "/items/5%3Adelete" }), "ambiguous_request", /escape/);
  });

  it("inside a parameter is fine", () => {
    assert.equal(toolOf(call(gateway, { target: "/items/a%20b" })), "/items/{id}");
    assert.equal(toolOf(call(gateway, { target: "/items/a%20b:delete" })), "/items/{id}:delete");
  });
});

describe("path parameters", () => {
  const rules = "id: {from: path, path: id}, rest: {from: path, path: rest}";
  const route = 'pattern: "/{id}/{*rest}"';

  it("are decoded once in version 2", () => {
    const file = fileOf(rules, { route });
    assert.deepEqual(argumentsOf(file, { target: "/a%20b/c%C3%A9/d" }), { id: "a b", rest: "cé/d" });
    assert.deepEqual(argumentsOf(file, { target: "/a%20b/%2Bc+d" }), { id: "a b", rest: "+c+d" });
  });

  it("are taken as sent in version 1, and refused with an escape", () => {
    const gateway = gatewayOf(fileOf("id: {from: path, path: id}", { route, version: "1" }));
    assertRefused(call(gateway, { target: "/a%20b/c" }), "ambiguous_request", /escape/);
    assert.deepEqual(call(gateway, { target: "/a/c%20d" }), { tool: "t", args: new Map([["id", "a"]]) });
  });

  it("are refused with `!` where bytes may have been replaced", () => {
    const gateway = gatewayOf(fileOf(rules, { route }));
    assertRefused(call(gateway, { target: "/a!/b", exact: false }), "ambiguous_request");
    assert.equal(isRefusal(call(gateway, { target: "/a!/b" })), false);
    assert.equal(isRefusal(call(gateway, { target: "/a%21/b", exact: false })), false);
  });

  it("may have names of JavaScript", () => {
    const file = fileOf("a: {from: path, path: __proto__}", { route: 'pattern: "/{__proto__}"' });
    assert.deepEqual(argumentsOf(file, { target: "/x" }), { a: "x" });
  });
});

describe("an upgrade", () => {
  const sent: Sent = {
    headers: [
      ["upgrade", "websocket"],
      ["connection", "upgrade"],
    ],
  };

  it("on a mapped route is refused", () =>
    assertRefused(call(routes("/t"), sent), "ambiguous_request", /allow_upgrade/));

  it("passes where the route allows it", () => {
    const gateway = gatewayOf(fileOf("", { route: 'pattern: "/t", allow_upgrade: true' }));
    assert.equal(toolOf(call(gateway, sent)), "t");
  });

  it("without a route is just not mapped", () => assertRefused(call(routes("/u"), sent), "no_route"));
});

describe("a large table", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `/s${i}/v{n}/p-${i}-{id}/{*rest}`);
  const gateway = routes(...many);

  it("finds each of its routes", () => {
    for (const [i, pattern] of many.entries()) {
      assert.equal(toolOf(call(gateway, { target: `/s${i}/v1/p-${i}-x/y/z` })), pattern);
    }
  });

  it("costs a request no more than a small one, within a wide margin", () => {
    const small = routes(many[0] as string);
    const cost = (table: typeof gateway): number => {
      const asked = request({ target: "/s0/v1/p-0-x/y/z" });
      const started = performance.now();
      for (let i = 0; i < 20_000; i++) matchRoute(table, asked);
      return performance.now() - started;
    };
    cost(small);
    cost(gateway);
    assert.ok(cost(gateway) < 10 * cost(small) + 50);
  });
});

it("a path made to backtrack costs at most one visit for each node of the table", () => {
  const depth = 9;
  const patterns = Array.from({ length: 2 ** depth }, (_, bits) => {
    const segments = Array.from({ length: depth }, (_, i) => (bits & (1 << i) ? "a" : `{p${i}}`));
    return `/${segments.join("/")}/end`;
  });
  const gateway = routes(...patterns);
  const started = performance.now();
  for (let i = 0; i < 100; i++) {
    assertRefused(call(gateway, { target: `${"/a".repeat(depth)}/other` }), "no_route");
    assertRefused(call(gateway, { target: "/a".repeat(30_000) }), "no_route");
  }
  assert.ok(performance.now() - started < 5000);
});
