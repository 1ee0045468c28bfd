import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";
import { toCaller, toHttpRequest } from "../../../src/server/check-request.ts";
import { type CheckRequest, decodeRequest } from "../../../src/server/grpc.ts";

const { Check } = loadSync("envoy/service/auth/v3/external_auth.proto", {
  includeDirs: [fileURLToPath(new URL("../../../proto", import.meta.url))],
})["envoy.service.auth.v3.Authorization"] as { Check: MethodDefinition<object, object> };

/** As it arrives: over the codec of the wire and back through the service's own. */
function received(attributes: object): CheckRequest {
  return decodeRequest(Check.requestSerialize({ attributes }));
}

function requestOf(http: object) {
  return toHttpRequest(received({ request: { http } }));
}

interface RawHeader {
  readonly key: string;
  readonly value?: string;
  readonly rawValue?: Buffer;
}

function headersOf(http: { headers?: Record<string, string>; raw?: readonly RawHeader[] }) {
  const { headers, raw } = http;
  return requestOf({ headers, headerMap: raw && { headers: raw } }).headers;
}

test("raw headers are exact, one line each and one character a byte", () => {
  const { lines, exact } = headersOf({
    raw: [
      { key: "x-byte", rawValue: Buffer.of(0x61, 0xff, 0xc3, 0xa9) },
      { key: "x-twice", rawValue: Buffer.from("1,2") },
      { key: "X-Twice", rawValue: Buffer.from("3") },
      { key: "x-empty", rawValue: Buffer.alloc(0) },
    ],
  });
  assert.equal(exact, true);
  assert.deepEqual(
    [...lines],
    [
      ["x-byte", ["a\u00ff\u00c3\u00a9"]],
      ["x-twice", ["1,2", "3"]],
      ["x-empty", [""]],
    ],
  );
});

test("a raw header that comes as text counts like one in bytes, and the bytes are what counts", () => {
  const { lines } = headersOf({
    raw: [
      { key: "a", value: "text" },
      { key: "b", value: "text", rawValue: Buffer.from("bytes") },
    ],
  });
  assert.deepEqual(lines.get("a"), ["text"]);
  assert.deepEqual(lines.get("b"), ["bytes"]);
});

test("joined headers are not exact", () => {
  const { lines, exact } = headersOf({ headers: { "X-A": "1,2", b: "" } });
  assert.equal(exact, false);
  assert.deepEqual(
    [...lines],
    [
      ["x-a", ["1,2"]],
      ["b", [""]],
    ],
  );
});

test("two spellings of one name in the joined form are two lines, and none is lost", () => {
  const { lines } = headersOf({ headers: { "X-Tenuo-Warrant": "1", "x-tenuo-warrant": "2" } });
  assert.deepEqual([...(lines.get("x-tenuo-warrant") ?? [])].sort(), ["1", "2"]);
});

test("where there are raw headers the joined ones aren't read", () => {
  const { lines, exact } = headersOf({
    headers: { a: "joined", b: "joined" },
    raw: [{ key: "a", value: "1" }],
  });
  assert.equal(exact, true);
  assert.deepEqual([...lines], [["a", ["1"]]]);
});

test("pseudo headers are no headers, in either form", () => {
  const pseudo = [":path", ":authority", ":method", ":scheme"];
  const joined = headersOf({ headers: { ...Object.fromEntries(pseudo.map((key) => [key, "/x"])), a: "1" } });
  assert.deepEqual([...joined.lines.keys()], ["a"]);
  const raw = headersOf({ raw: [...pseudo.map((key) => ({ key, value: "/x" })), { key: "a", value: "1" }] });
  assert.deepEqual([...raw.lines.keys()], ["a"]);
});

test("path and host come from the raw pseudo headers, byte for byte", () => {
  const headers = [
    { key: ":path", rawValue: Buffer.of(0x2f, 0xff) },
    { key: ":authority", value: "raw.test" },
  ];
  const { target, authority } = requestOf({ path: "/!", host: "joined.test", headerMap: { headers } });
  assert.deepEqual([target, authority], ["/\u00ff", "raw.test"]);
});

test("without raw pseudo headers path and host come from the proxy's own fields", () => {
  for (const headerMap of [undefined, { headers: [{ key: "a", value: "1" }] }]) {
    const request = requestOf({
      path: "/a?b=c",
      host: "api.test:8080",
      headerMap,
      headers: { ":path": "/no" },
    });
    assert.deepEqual([request.target, request.authority], ["/a?b=c", "api.test:8080"]);
  }
});

test("method and protocol are as the proxy tells them, the method in its own case", () => {
  const { method, protocol } = requestOf({ method: "pOST", protocol: "HTTP/2" });
  assert.deepEqual([method, protocol], ["pOST", "HTTP/2"]);
});

test("a body in bytes is exact, one in text is not, and an empty one hides nothing", () => {
  const bytes = requestOf({ rawBody: Buffer.of(0x7b, 0xff) }).body;
  assert.deepEqual([Buffer.from(bytes.bytes).toString("hex"), bytes.exact], ["7bff", true]);
  const text = requestOf({ body: "é" }).body;
  assert.deepEqual([Buffer.from(text.bytes).toString("hex"), text.exact], ["c3a9", false]);
  const both = requestOf({ body: "text", rawBody: Buffer.from("raw") }).body;
  assert.deepEqual([Buffer.from(both.bytes).toString(), both.exact], ["raw", true]);
  const none = requestOf({ method: "GET" }).body;
  assert.deepEqual([none.bytes.length, none.exact], [0, true]);
});

test("what the proxy leaves out is empty, and nothing is thrown", () => {
  for (const check of [decodeRequest(Buffer.alloc(0)), received({}), received({ request: {} })]) {
    const { headers, body, ...texts } = toHttpRequest(check);
    assert.deepEqual(texts, { method: "", target: "", authority: "", protocol: "" });
    assert.deepEqual([headers.lines.size, body.bytes.length], [0, 0]);
    assert.deepEqual(toCaller(check, headers), {
      client: undefined,
      envoyRequestId: undefined,
      traceId: undefined,
    });
  }
});

test("the caller is the proxy's peer, its request id and the trace it belongs to", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { "x-request-id": "id-1", traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const check = received({
    source: { address: { socketAddress: { address: "203.0.113.9", portValue: 4711 } } },
    request: { http: { headers } },
  });
  assert.deepEqual(toCaller(check, toHttpRequest(check).headers), {
    client: "203.0.113.9",
    envoyRequestId: "id-1",
    traceId: trace,
  });
});

test("a traceparent that isn't one gives no trace", () => {
  for (const traceparent of ["", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "x".repeat(55)]) {
    const check = received({ request: { http: { headers: { traceparent } } } });
    assert.equal(toCaller(check, toHttpRequest(check).headers).traceId, undefined);
  }
});
