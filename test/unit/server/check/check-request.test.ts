import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_HEADER_LINES } from "../../../../src/gateway/limits.ts";
import { isRefusal } from "../../../../src/gateway/refusal.ts";
import { type Question, readCheckRequest } from "../../../../src/server/check/check-request.ts";
import { deserialize, serializeAttributes, serializeCheck } from "../../../support/check-request.ts";

function question(attributes: object): Question {
  return readable(readCheckRequest(serializeAttributes(attributes)));
}

function readable(read: ReturnType<typeof readCheckRequest>): Question {
  assert.ok(!isRefusal(read), JSON.stringify(read));
  return read;
}

function requestOf(http: object) {
  return question({ request: { http } }).request;
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

test("bytes are a header's value in the raw form only", () => {
  const raw = serializeCheck({
    headerMap: { headers: [{ key: "a", value: "text", rawValue: Buffer.from("raw") }] },
  });
  const header = raw.indexOf(Buffer.of(0x0a, 1, 0x61));
  const entry = raw.subarray(header);
  const message = (field: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.of(field * 8 + 2, value.length), value]);
  const http = message(3, entry);
  const question = readCheckRequest(message(1, message(4, message(2, http))));
  assert.ok(!("refused" in question));
  assert.deepEqual([...question.request.headers.lines], [["a", ["text"]]]);
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
  const empty = readable(readCheckRequest(Buffer.alloc(0)));
  for (const { request, caller } of [empty, question({}), question({ request: {} })]) {
    const { headers, body, ...texts } = request;
    assert.deepEqual(texts, { method: "", target: "", authority: "", protocol: "" });
    assert.deepEqual([headers.lines.size, body.bytes.length], [0, 0]);
    assert.deepEqual(caller, {
      client: undefined,
      envoyRequestId: undefined,
      parent: undefined,
    });
  }
});

test("the caller is the proxy's peer, its request id and the trace it belongs to", () => {
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { "x-request-id": "id-1", traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const { caller } = question({
    source: { address: { socketAddress: { address: "203.0.113.9", portValue: 4711 } } },
    request: { http: { headers } },
  });
  assert.deepEqual(caller, {
    client: "203.0.113.9",
    envoyRequestId: "id-1",
    parent: { traceId: trace, spanId: "b7ad6b7169203331", isSampled: true, state: undefined },
  });
});

const header = (key: string): { key: string; value: string } => ({ key, value: "1" });

test("more header lines than are judged are too large, in either form and in both together", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => header(`h${i}`));
  const refusedWith = (joined: number, raw: number): string | undefined => {
    const headers = Object.fromEntries(lines(joined).map(({ key, value }) => [key, value]));
    const http = { headers, headerMap: { headers: lines(raw) } };
    const read = readCheckRequest(serializeCheck(http));
    return isRefusal(read) ? read.refused : undefined;
  };
  assert.equal(refusedWith(MAX_HEADER_LINES, 0), undefined);
  assert.equal(refusedWith(0, MAX_HEADER_LINES), undefined);
  for (const [joined, raw] of [
    [MAX_HEADER_LINES + 1, 0],
    [0, MAX_HEADER_LINES + 1],
    [MAX_HEADER_LINES, 1],
  ] as const)
    assert.equal(refusedWith(joined, raw), "request_too_large");
});

test("texts beyond any bound are too large, wherever they stand, and a body isn't among them", () => {
  const long = "a".repeat(1_000_000);
  for (const http of [{ path: long, host: long }, { headers: { a: long, [long]: "" } }]) {
    const read = readCheckRequest(serializeCheck(http));
    assert.ok(isRefusal(read) && read.refused === "request_too_large");
  }
  assert.equal(requestOf({ rawBody: Buffer.alloc(9_000_000) }).body.bytes.length, 9_000_000);
});

test("bytes that aren't a CheckRequest are ambiguous, one cut short at every byte included", () => {
  const whole = serializeCheck({ method: "GET", path: "/a", headers: { a: "1" }, rawBody: Buffer.of(1) });
  let refused = 0;
  for (let end = 1; end < whole.length; end++) {
    const read = readCheckRequest(whole.subarray(0, end));
    if (!isRefusal(read)) continue;
    assert.equal(read.refused, "ambiguous_request");
    refused++;
  }
  // A message in a message knows its length, so that no cut can go unnoticed.
  assert.equal(refused, whole.length - 1);
  for (const hex of ["0b", "0c", "0f", "0affffffffff7f00", "08ffffffffffffffffffff01", "0d00", "0900"]) {
    const read = readCheckRequest(Buffer.from(hex, "hex"));
    assert.ok(isRefusal(read) && read.refused === "ambiguous_request", hex);
  }
});

test("endless small fields are given up", () => {
  const read = readCheckRequest(Buffer.alloc(2_000_000, Buffer.of(0x08, 0x00)));
  assert.ok(isRefusal(read) && read.refused === "ambiguous_request");
});

test("a random CheckRequest is read as the generated decoder reads it", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 8 });
  const bytes = fc.uint8Array({ maxLength: 8 }).map((octets) => Buffer.from(octets));
  const names = fc.stringMatching(/^[a-z-]{1,6}$/);
  const headers = fc.uniqueArray(fc.record({ key: names, value: text }), { selector: ({ key }) => key });
  const http = fc.record(
    {
      id: text,
      method: text,
      path: text,
      host: text,
      protocol: text,
      body: text,
      rawBody: bytes,
      size: fc.nat(),
      headers,
    },
    { requiredKeys: ["headers"] },
  );
  fc.assert(
    fc.property(http, text, (given, address) => {
      const joined = Object.fromEntries(given.headers.map(({ key, value }) => [key, value]));
      const attributes = {
        source: { address: { socketAddress: { address, portValue: 1 } }, principal: address },
        request: { time: { seconds: 1 }, http: { ...given, headers: joined } },
        contextExtensions: { a: address },
      };
      const wire = serializeAttributes(attributes);
      const decoded = JSON.parse(JSON.stringify(deserialize(wire))).attributes.request.http;
      const { request, caller } = readable(readCheckRequest(wire));
      assert.equal(request.method, decoded.method ?? "");
      assert.equal(request.target, decoded.path ?? "");
      assert.equal(request.authority, decoded.host ?? "");
      assert.equal(request.protocol, decoded.protocol ?? "");
      assert.equal(caller.client ?? "", address);
      assert.deepEqual(
        [...request.headers.lines].sort(),
        Object.entries(joined)
          .map(([key, value]) => [key, [value]])
          .sort(),
      );
      const body = given.rawBody?.length ? given.rawBody : Buffer.from(given.body ?? "");
      assert.deepEqual(Buffer.from(request.body.bytes), body);
    }),
  );
});
