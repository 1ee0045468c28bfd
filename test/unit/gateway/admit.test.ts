import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { admit } from "../../../src/gateway/admit.ts";
import {
  MAX_CONNECTION_CHARS,
  MAX_HEADER_CHARS,
  MAX_HEADER_LINES,
  MAX_TARGET_CHARS,
} from "../../../src/gateway/limits.ts";
import { fileOf, gatewayOf } from "./call.ts";
import { request, type Sent } from "./request.ts";

const gateway = gatewayOf(fileOf(""));

function reason(sent: Sent, file = fileOf("")): string | undefined {
  return admit(file === fileOf("") ? gateway : gatewayOf(file), request(sent))?.refused;
}

const refusals: Readonly<Record<string, Sent>> = {
  "a path with two readings": { target: "/a/../t" },
  CONNECT: { method: "CONNECT" },
  "an empty method": { method: "" },
  "x-http-method-override": { headers: [["X-HTTP-Method-Override", "DELETE"]] },
  "x-http-method": { headers: [["x-http-method", "DELETE"]] },
  "x-method-override": { headers: [["x-method-override", ""]] },
  "two warrants": {
    headers: [
      ["X-Tenuo-Warrant", "a"],
      ["x-tenuo-warrant", "a"],
    ],
  },
  "warrants joined by a comma": { headers: [["x-tenuo-warrant", "a,b"]] },
  "two proofs": {
    headers: [
      ["x-tenuo-pop", "a"],
      ["x-tenuo-pop", "b"],
    ],
  },
  "approvals joined by a comma": { headers: [["x-tenuo-approvals", "a, b"]] },
  "a warrant spelled with an underscore": { headers: [["x_tenuo-warrant", "a"]] },
  "a warrant spelled with a dot": { headers: [["x.tenuo.warrant", "a"]] },
  "a result header spelled with an underscore": { headers: [["x-tenuo_tool", "admin"]] },
  "a connection header that drops the warrant": { headers: [["connection", "close, X-Tenuo-Warrant"]] },
  "a second connection header that drops the proof": {
    headers: [
      ["connection", "close"],
      ["connection", "x-tenuo-pop"],
    ],
  },
  "a connection header that drops a result": { headers: [["connection", "x-tenuo-tool"]] },
  "two hosts in one": { authority: "a,b" },
  "a host header beside another authority": { authority: "a", headers: [["host", "b"]] },
};

describe("before routing, refused as ambiguous", () => {
  for (const [what, sent] of Object.entries(refusals)) {
    it(what, () => assert.equal(reason(sent), "ambiguous_request"));
  }

  it("a header configured with underscores, spelled with dashes", () => {
    const file = fileOf("", { settings: "warrant_header: X_Warrant" });
    assert.equal(reason({ headers: [["x-warrant", "a"]] }, file), "ambiguous_request");
    assert.equal(reason({ headers: [["x_warrant", "a"]] }, file), undefined);
  });

  it("a semicolon in the path, unless path parameters are allowed", () => {
    assert.equal(reason({ target: "/t;a" }), "ambiguous_request");
    assert.equal(
      reason({ target: "/t;a" }, fileOf("", { settings: "allow_path_parameters: true" })),
      undefined,
    );
  });
});

describe("before routing, not refused", () => {
  const passing: Readonly<Record<string, Sent>> = {
    "an ordinary request": {
      headers: [
        ["x-tenuo-warrant", "a"],
        ["accept", "a,b"],
        ["accept", "c"],
      ],
    },
    "a connection header about other headers": { headers: [["connection", "keep-alive, te"]] },
    "other headers with underscores": { headers: [["x_other", "a"]] },
    "a host header that repeats the authority": { authority: "a:80", headers: [["host", "a:80"]] },
    "a query that no rule reads": { target: "/t?a=1;a=%zz&a#" },
  };
  for (const [what, sent] of Object.entries(passing)) {
    it(what, () => assert.equal(reason(sent), undefined));
  }
});

describe("a request too large to judge is refused as such", () => {
  it("at the target", () => {
    const longest = `/${"a".repeat(MAX_TARGET_CHARS - 1)}`;
    assert.equal(reason({ target: longest }), undefined);
    assert.equal(reason({ target: `${longest}a` }), "request_too_large");
  });

  it("at the headers' characters", () => {
    const value = "a".repeat(MAX_HEADER_CHARS - 1);
    assert.equal(reason({ headers: [["a", value]] }), undefined);
    assert.equal(reason({ headers: [["a", `${value}a`]] }), "request_too_large");
  });

  it("at the names for the next hop", () => {
    const names = (length: number) => reason({ headers: [["connection", "a,".repeat(length / 2)]] });
    assert.equal(names(MAX_CONNECTION_CHARS - "connection".length), undefined);
    assert.equal(names(MAX_CONNECTION_CHARS), "request_too_large");
  });

  it("at the number of header lines", () => {
    const lines = Array.from({ length: MAX_HEADER_LINES }, () => ["a", ""] as const);
    assert.equal(reason({ headers: lines }), undefined);
    assert.equal(reason({ headers: [...lines, ["b", ""]] }), "request_too_large");
  });

  it("at the body, whose bound is a setting", () => {
    const file = fileOf("", { settings: "max_body_bytes: 4" });
    assert.equal(reason({ body: "1234" }, file), undefined);
    assert.equal(reason({ body: "12345" }, file), "request_too_large");
  });
});
