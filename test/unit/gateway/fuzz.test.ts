import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { isRefusal } from "../../../src/gateway/refusal.ts";
import { call, gatewayOf } from "./call.ts";

const gateway = gatewayOf(`version: "2"
settings: {body_media_types: [none]}
tools:
  t:
    extract: {path: $.path, method: $.method}
    constraints:
      id: {from: path, path: id, type: integer}
      rest: {from: path, path: rest}
      q: {from: query, path: q, type: boolean}
      h: {from: header, path: x-h, type: float}
      host: {from: header, path: host}
      b: {from: body, path: a.*.b, allowed_values: [1, x]}
      c: {from: body, path: ""}
routes:
  - {pattern: "/a/{id}", tool: t}
  - {pattern: "/a/{id}.json", tool: t, method: [GET, POST]}
  - {pattern: "/a/v{id}/{*rest}", tool: t}
  - {pattern: "/{*rest}", tool: t, host: h.example}
`);

/** Text that is likely to get past the first check, and text that isn't. */
const target = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom(
        "/",
        "a",
        "1",
        ".json",
        "v",
        "%20",
        "%C3",
        "%A9",
        "?",
        "&",
        "q",
        "=",
        "true",
        "+",
        "%zz",
        "!",
      ),
    )
    .map((pieces) => `/${pieces.join("")}`),
);
const headerName = fc.oneof(
  fc.constantFrom(
    "x-h",
    "x_h",
    "host",
    "connection",
    "content-type",
    "content-length",
    "content-encoding",
    "upgrade",
    "x-tenuo-pop",
  ),
  fc.string({ unit: "binary-ascii" }),
);
const headerValue = fc.oneof(
  fc.constantFrom("1", "x-h", "application/json", "close, x-h"),
  fc.string({ unit: "binary" }),
);
const body = fc.oneof(
  fc.uint8Array(),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .array(fc.constantFrom('{"a":', '[{"b":1}', "]", "}", ",", '"a"', "1", "\\ud800"))
    .map((pieces) => Buffer.from(pieces.join(""))),
);

it("no request makes reading it throw, and none is read without all of its checks", () => {
  const sent = fc.record({
    method: fc.oneof(fc.constantFrom("GET", "POST", "CONNECT"), fc.string()),
    target,
    authority: fc.oneof(fc.constantFrom("t", "h.example", "H.example:1"), fc.string({ unit: "binary" })),
    headers: fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 }),
    body,
    announced: fc.boolean(),
    exact: fc.boolean(),
  });
  fc.assert(
    fc.property(sent, (given) => {
      const outcome = call(gateway, given);
      if (isRefusal(outcome)) {
        assert.ok(outcome.detail.length > 0 && outcome.detail.length <= 1024);
        return;
      }
      assert.equal(outcome.tool, "t");
      assert.equal(outcome.args.get("method"), given.method);
      assert.ok(["undefined", "bigint"].includes(typeof outcome.args.get("id")));
    }),
    { numRuns: 20_000 },
  );
});
