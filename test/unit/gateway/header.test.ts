import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { credential, trimBlanks } from "../../../src/gateway/header.ts";
import { argumentsOf, assertRefused, call, fileOf, gatewayOf } from "./call.ts";
import { request, type Sent } from "./request.ts";

describe("a Tenuo header", () => {
  it("is handed over without the blanks around it", () => {
    const sent = request({ headers: [["X-Tenuo-Warrant", " \tabc\t "]] });
    assert.equal(credential(sent, "x-tenuo-warrant"), "abc");
  });

  it("is told apart when empty and when absent", () => {
    assert.equal(credential(request({ headers: [["x-tenuo-pop", ""]] }), "x-tenuo-pop"), "");
    assert.equal(credential(request({}), "x-tenuo-pop"), undefined);
  });
});

it("only spaces and tabs are blanks in a header", () => {
  assert.equal(trimBlanks(" \t\xa0a\u2003\n "), "\xa0a\u2003\n");
  assert.equal(trimBlanks(" \t "), "");
});

const file = fileOf("h: {from: header, path: X-Tenant}");
const gateway = gatewayOf(file);

describe("an extracted header", () => {
  it("may hold a comma when raw headers show one line", () => {
    assert.deepEqual(argumentsOf(file, { headers: [["x-tenant", "a, b"]] }), { h: "a, b" });
  });

  const refused: Readonly<Record<string, Sent>> = {
    "sent twice": {
      headers: [
        ["x-tenant", "a"],
        ["x-tenant", "a"],
      ],
    },
    "with a comma, where lines may have been joined": { exact: false, headers: [["x-tenant", "a,b"]] },
    "with a byte outside ASCII": { headers: [["x-tenant", "caf\xe9"]] },
    "with a control character": { headers: [["x-tenant", "a\x01b"]] },
    "with `!`, where bytes may have been replaced": { exact: false, headers: [["x-tenant", "a!"]] },
    "named by `connection`": {
      headers: [
        ["x-tenant", "a"],
        ["connection", "X-Tenant"],
      ],
    },
    "sent in a second spelling": {
      headers: [
        ["x-tenant", "a"],
        ["x_tenant", "b"],
      ],
    },
    "sent in another spelling alone": { headers: [["x.tenant", "b"]] },
  };
  for (const [what, sent] of Object.entries(refused)) {
    it(`is refused ${what}`, () => assertRefused(call(gateway, sent), "ambiguous_request"));
  }

  it("may hold `!` when headers are raw", () => {
    assert.deepEqual(argumentsOf(file, { headers: [["x-tenant", "a!"]] }), { h: "a!" });
  });

  it("says how to get exact bytes when it refuses `!`", () => {
    assertRefused(
      call(gateway, { exact: false, headers: [["x-tenant", "a!"]] }),
      "ambiguous_request",
      /encode_raw_headers/,
    );
  });

  it("is not looked at on a route that doesn't read it", () => {
    const other = gatewayOf(fileOf("q: {from: query, path: q}"));
    const outcome = call(other, {
      headers: [
        ["x-tenant", "a"],
        ["x_tenant", "b"],
        ["connection", "x-tenant"],
      ],
    });
    assert.deepEqual(outcome, { tool: "t", args: new Map() });
  });
});

describe("the host", () => {
  const hostFile = fileOf("h: {from: header, path: Host}");

  it("is read from the authority, with its port", () => {
    assert.deepEqual(argumentsOf(hostFile, { authority: "a:80" }), { h: "a:80" });
  });

  it("is missing when the proxy sent none", () => {
    assert.deepEqual(argumentsOf(hostFile, { authority: "" }), {});
  });
});
