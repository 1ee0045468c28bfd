import { gzipSync } from "node:zlib";
import type { HeaderLines } from "../client.ts";
import type { WireRequest } from "../wire-request.ts";
import {
  AS_SIGNED,
  type Attempt,
  attempts,
  file,
  get,
  HTTP1_ONLY,
  http2,
  JSON_TYPE,
  order,
  post,
  type Row,
} from "./attempt.ts";

const UNREADABLE = "body_unreadable";
const AMBIGUOUS = "ambiguous_request";
const GOOD = '{"order":{"item":"a","amount":1},"gift":true}';
/** More than a careless Envoy sends to the service. */
const LONG = `${GOOD.padEnd(64)}{"order":{"item":"a","amount":99}}`;

const grpcMessage = `\0\0\0\0${String.fromCharCode(GOOD.length)}${GOOD}`;

/** An order with these headers alone. */
function plain(body: string | Uint8Array, ...headers: HeaderLines): WireRequest {
  return { method: "POST", target: "/v1/orders", headers, body };
}

const UPGRADE = [
  ["connection", "upgrade"],
  ["upgrade", "websocket"],
] as const;

/** Attempts with the body: classes 12 to 15 and 29. */
export const BODY_ATTEMPTS: readonly Attempt[] = [
  ...attempts(12, [
    [
      "a beginning that is whole by itself, more behind it",
      order("a", 1),
      post(LONG),
      UNREADABLE,
      UNREADABLE,
    ],
    ["the same in chunks", order("a", 1), { ...post(LONG), framing: "chunked" }, UNREADABLE, UNREADABLE],
    ["the same over HTTP/2 without a length", order("a", 1), http2(post(LONG)), UNREADABLE, UNREADABLE],
    [
      "a forged `x-envoy-auth-partial-body: false`",
      order("a", 1),
      post(LONG, ["x-envoy-auth-partial-body", "false"]),
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a second member behind the part that is sent",
      order("a", 1),
      post(`${GOOD.slice(0, -1)},"pad":"${"x".repeat(64)}","order":{"item":"a","amount":99}}`),
      AMBIGUOUS,
      UNREADABLE,
      { bare: AMBIGUOUS },
    ],
    [
      "a length that is too small",
      order("a", 1),
      { ...post(LONG, ["content-length", String(GOOD.length)]), framing: "none" },
      AS_SIGNED,
      AS_SIGNED,
      { bare: UNREADABLE },
    ],
    [
      "a second request hidden behind a length that is too small",
      order("a", 1),
      {
        ...post(`${GOOD}GET /v1/files/b HTTP/1.1\r\nhost: gateway.test\r\n\r\n`, [
          "content-length",
          String(GOOD.length),
        ]),
        framing: "none",
      },
      AS_SIGNED,
      AS_SIGNED,
      { bare: UNREADABLE },
    ],
    [
      "chunks that another spelling of `chunked` announces, too",
      order("a", 1),
      { ...post(GOOD, ["transfer-encoding", "xchunked"]), framing: "chunked" },
      501,
      501,
      { bare: { not: HTTP1_ONLY } },
    ],
    [
      "a length that is too small over HTTP/2",
      order("a", 1),
      http2(post(LONG, ["content-length", String(GOOD.length)])),
      0,
      0,
      { bare: UNREADABLE },
    ],
    ["two lengths", order("a", 1), post(GOOD, ["content-length", "1"]), 400, 400, { bare: UNREADABLE }],
    [
      "a length beside chunks",
      order("a", 1),
      { ...post(GOOD, ["content-length", "4"]), framing: "chunked" },
      400,
      400,
      { bare: UNREADABLE },
    ],
  ]),
  ...attempts(13, [
    [
      "no body where one is read",
      { tool: "place_order", args: {} },
      { method: "POST", target: "/v1/orders", headers: [JSON_TYPE] },
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a body that a type other than JSON keeps from the service",
      order("a", 1),
      plain(GOOD, ["content-type", "text/plain"]),
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a body on DELETE that no header announces, over HTTP/2",
      { tool: "cancel_order", args: { id: "5" } },
      http2({ method: "DELETE", target: "/v1/orders/5", body: '{"force":true}' }),
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a JSON body on DELETE over HTTP/2, signed as none",
      { tool: "cancel_order", args: { id: "5" } },
      http2({
        method: "DELETE",
        target: "/v1/orders/5",
        headers: [JSON_TYPE],
        body: '{"force":true}',
      }),
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a JSON body on DELETE in chunks, signed as none",
      { tool: "cancel_order", args: { id: "5" } },
      {
        method: "DELETE",
        target: "/v1/orders/5",
        headers: [JSON_TYPE],
        body: '{"force":true}',
        framing: "chunked",
      },
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a body in trailers' company",
      order("a", 1),
      { ...post(GOOD), framing: "chunked", trailers: [["content-encoding", "gzip"]] },
      AS_SIGNED,
      AS_SIGNED,
      { bare: { not: HTTP1_ONLY } },
    ],
    [
      "an empty body in trailers' company over HTTP/2",
      { tool: "place_order", args: {} },
      { ...http2(post("")), trailers: [["x-late", "1"]] },
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a body after `expect: 100-continue`",
      order("a", 1),
      post(GOOD, ["expect", "100-continue"]),
      AS_SIGNED,
      AS_SIGNED,
    ],
    ["an upgrade to websocket", file("a"), get("/v1/files/a", ...UPGRADE), 403, AMBIGUOUS],
    ["an upgrade to websocket with a body", order("a", 1), post(GOOD, ...UPGRADE), 403, AMBIGUOUS],
    ["an upgrade to websocket without a warrant", undefined, get("/v1/files/a", ...UPGRADE), 403, AMBIGUOUS],
    [
      "an upgrade to HTTP/2",
      file("a"),
      get(
        "/v1/files/a",
        ["connection", "upgrade, http2-settings"],
        ["upgrade", "h2c"],
        ["http2-settings", ""],
      ),
      AS_SIGNED,
      AS_SIGNED,
      { bare: AMBIGUOUS },
    ],
    [
      "`upgrade` without `connection`",
      file("a"),
      get("/v1/files/a", ["upgrade", "websocket"]),
      AS_SIGNED,
      AS_SIGNED,
      { bare: AMBIGUOUS },
    ],
    [
      "an extended CONNECT to websocket over HTTP/2",
      file("a"),
      {
        over: "http2",
        method: "CONNECT",
        target: "/v1/files/a",
        headers: [[":protocol", "websocket"]],
      },
      0,
      AMBIGUOUS,
    ],
  ]),
  ...attempts(14, [
    ...(
      [
        ["a member twice", '{"order":{"item":"a","amount":1,"amount":99},"gift":true}'],
        ["a member twice, once escaped", '{"order":{"item":"a","amount":1,"amo\\u0075nt":99},"gift":true}'],
        ["an object twice", '{"order":{"item":"a","amount":1},"order":{"item":"a","amount":1},"gift":true}'],
        ["an object twice, then null", '{"order":{"item":"a","amount":1},"order":null,"gift":true}'],
        ["a member in capitals, too", '{"order":{"item":"a","amount":1,"Amount":99},"gift":true}'],
        [
          "the object in other letters, too",
          '{"order":{"item":"a","amount":1},"gift":true,"ORDER":{"amount":9}}',
        ],
      ] as const
    ).map(
      ([tries, body]): Row => [
        tries,
        order("a", 1),
        post(Buffer.from(body)),
        AMBIGUOUS,
        body.length > 64 ? UNREADABLE : AMBIGUOUS,
        { bare: AMBIGUOUS },
      ],
    ),
    ...(
      [
        ["text behind the value", `${GOOD}{}`],
        ["a zero byte behind the value", `${GOOD}\0`],
        ["a byte order mark", `\xef\xbb\xbf${GOOD}`],
        ["a line that other readers skip", `//\n${GOOD}`],
        ["a trailing comma", `${GOOD.slice(0, -1)},}`],
        ["single quotes", GOOD.replaceAll('"', "'")],
        ["names without quotes, as YAML has them", "{order: {item: a, amount: 1}, gift: true}"],
        ["UTF-16", Buffer.from(GOOD.slice(0, 31), "utf16le")],
        ["a lone surrogate, escaped", GOOD.replace('"a"', '"\\ud800"')],
        ["a line end in a text", GOOD.replace('"a"', '"a\n"')],
        ["an integer above 64 bits", GOOD.replace(":1", ":18446744073709551617")],
        ["a number above every double", GOOD.replace(":1", ":1e999")],
        ["a sign alone", GOOD.replace(":1", ":-")],
        ["an octal number", GOOD.replace(":1", ":01")],
        ["a hexadecimal number", GOOD.replace(":1", ":0x1")],
        ["nesting too deep", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
        ["half an object", GOOD.slice(0, -1)],
      ] as const
    ).map(([tries, body]): Row => [tries, order("a", 1), post(body), UNREADABLE, UNREADABLE]),
    ...(
      [
        ["a list around the call", `[${GOOD}]`, "extraction_failed"],
        ["an empty object", "{}", "extraction_failed"],
        ["null", "null", "extraction_failed"],
        ["a float where an integer is", GOOD.replace(":1", ":1.0"), "extraction_failed"],
        ["an exponent where an integer is", GOOD.replace(":1", ":1e0"), "extraction_failed"],
        ["a text where an integer is", GOOD.replace(":1", ':"1"'), "extraction_failed"],
        ["the call below `__proto__`", `{"__proto__":${GOOD}}`, "extraction_failed"],
        [
          "another number than signed, by more than a double tells",
          GOOD.replace(":1", ":9007199254740993"),
          "invalid_pop",
        ],
      ] as const
    ).map(
      ([tries, body, reason]): Row => [
        tries,
        order("a", reason === "invalid_pop" ? 9007199254740992 : 1),
        post(body),
        reason,
        reason,
      ],
    ),
    ...[
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=a",
      "application/json, text/plain",
      "application/json; charset=utf-16",
      "application/json; charset=iso-8859-1",
      "text/json",
      "application/jsonp",
      "",
    ].map(
      (type): Row => [
        `\`content-type: ${type}\``,
        order("a", 1),
        plain(GOOD, ["content-type", type]),
        UNREADABLE,
        UNREADABLE,
      ],
    ),
    ...["application/vnd.api+json", 'APPLICATION/JSON ;charset="UTF-8"'].map(
      (type): Row => [
        `\`content-type: ${type}\``,
        order("a", 1),
        plain(GOOD, ["content-type", type]),
        AS_SIGNED,
        AS_SIGNED,
      ],
    ),
    ["no content type", order("a", 1), plain(GOOD), UNREADABLE, UNREADABLE],
    [
      "two content types",
      order("a", 1),
      post(GOOD, ["content-type", "application/x-www-form-urlencoded"]),
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "`content-encoding: gzip` on plain JSON",
      order("a", 1),
      post(GOOD, ["content-encoding", "gzip"]),
      UNREADABLE,
      UNREADABLE,
    ],
    [
      "a body in gzip",
      order("a", 1),
      post(gzipSync(GOOD), ["content-encoding", "gzip"]),
      UNREADABLE,
      UNREADABLE,
    ],
    ["a body in gzip that nothing announces", order("a", 1), post(gzipSync(GOOD)), UNREADABLE, UNREADABLE],
    [
      "`transfer-encoding: gzip, chunked`",
      order("a", 1),
      { ...post(GOOD, ["transfer-encoding", "gzip"]), framing: "chunked" },
      501,
      501,
      { bare: { not: HTTP1_ONLY } },
    ],
    [
      "escapes in names and texts, signed as unescaped",
      order("a", 1),
      post('{"\\u006frder":{"item":"\\u0061","amount":1},"gift":true}'),
      AS_SIGNED,
      AS_SIGNED,
    ],
  ]),
  ...attempts(15, [
    ...["application/grpc", "application/grpc+json", "application/grpc-web+json"].map(
      (type): Row => [
        `a message of gRPC as \`${type}\``,
        order("a", 1),
        plain(grpcMessage, ["content-type", type]),
        UNREADABLE,
        UNREADABLE,
      ],
    ),
    [
      "two messages of gRPC",
      order("a", 1),
      plain(grpcMessage.repeat(2), ["content-type", "application/grpc+json"]),
      UNREADABLE,
      UNREADABLE,
    ],
  ]),
  ...attempts(29, [
    [
      "a raw byte in the body, signed as `!`",
      order("!", 1),
      post(GOOD.replace('"a"', '"\xff"')),
      UNREADABLE,
      AMBIGUOUS,
      { carelessRaw: UNREADABLE },
    ],
    [
      "a surrogate in UTF-8, signed as `!!!`",
      order("!!!", 1),
      post(GOOD.replace('"a"', '"\xed\xa0\x80"')),
      UNREADABLE,
      AMBIGUOUS,
      { carelessRaw: UNREADABLE },
    ],
    [
      "a raw byte in a member that nobody reads",
      order("a", 1),
      post(`${GOOD.slice(0, -1)},"b":"\xff"}`),
      UNREADABLE,
      AS_SIGNED,
      { carelessRaw: UNREADABLE },
    ],
    [
      "a raw byte in the name of a member, which some readers drop",
      order("a", 1),
      post(GOOD.replace(":1", `:1,"amo\xffunt":99`)),
      UNREADABLE,
      AMBIGUOUS,
      { carelessRaw: UNREADABLE },
    ],
    [
      "a `!` in a body that was one from the start",
      order("!", 1),
      post(GOOD.replace('"a"', '"!"')),
      AS_SIGNED,
      AMBIGUOUS,
      { carelessRaw: AS_SIGNED },
    ],
    [
      "a raw byte in the name of a member, signed as `!`",
      order("a", 1),
      post(`${GOOD.slice(0, -1)},"\xff":1}`),
      UNREADABLE,
      AS_SIGNED,
      { carelessRaw: UNREADABLE },
    ],
  ]),
];
