import type { HeaderLines } from "../client.ts";
import { credentials } from "../client.ts";
import { reissue } from "../forge.ts";
import { ownIssuer } from "../own.ts";
import { type Call, unixNow } from "../warrants.ts";
import {
  AS_SIGNED,
  type Attempt,
  attempts,
  doc,
  file,
  get,
  order,
  post,
  type Row,
  search,
} from "./attempt.ts";
import type { Cast } from "./cast.ts";

const target = "/v1/files/a";
const long = (length: number) => "a".repeat(length);

/** A route that is there in the careless set-ups alone. */
const CARELESS_ONLY = { not: "the route isn't in the example" };
const ENVOY_ONLY = { not: "a matter of Envoy's routes" };

async function proofOf(cast: Cast, warrant: string, call: Call, time?: number): Promise<HeaderLines> {
  return credentials(warrant, await ownIssuer.proof(warrant, cast.holder, call, time));
}

/** Attempts with what is known of the caller, and with the way to the service: classes 20 to 28. */
export const CALL_ATTEMPTS: readonly Attempt[] = [
  ...attempts(20, [
    ...["x-envoy-decorator-operation", "x-envoy-original-host", "x-envoy-upstream-alt-stat-name"].map(
      (name): Row => [
        `\`${name}\` of another route`,
        file("a"),
        get(target, [name, "/v1/files/b"]),
        AS_SIGNED,
        AS_SIGNED,
      ],
    ),
    [
      "`x-envoy-upstream-rq-timeout-ms` to outlive the check",
      doc("b"),
      get(target, ["x-envoy-upstream-rq-timeout-ms", "1"], ["x-envoy-expected-rq-timeout-ms", "1"]),
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "`x-envoy-retry-on` to be sent again elsewhere",
      file("a"),
      get(target, ["x-envoy-retry-on", "5xx"], ["x-envoy-max-retries", "3"]),
      AS_SIGNED,
      AS_SIGNED,
    ],
  ]),
  ...attempts(21, [
    ["a path that no route knows", undefined, get("/elsewhere"), "no_route", "no_route"],
    ["an answer that Envoy gives by itself", undefined, get("/envoy/answer"), CARELESS_ONLY, "no_route"],
    ["a redirect that Envoy gives by itself", undefined, get("/envoy/redirect"), CARELESS_ONLY, "no_route"],
    [
      "a host without any route, which isn't checked and leads nowhere",
      undefined,
      { target, host: "unrouted.test" },
      CARELESS_ONLY,
      404,
      { bare: ENVOY_ONLY },
    ],
    ["a preflight of CORS", undefined, { method: "OPTIONS", target }, "no_route", "no_route"],
    ["`TRACE`", file("a"), { method: "TRACE", target }, "no_route", "no_route"],
  ]),
  ...attempts(24, [
    ["a proof for another path", file("b"), get(target), "invalid_pop", "invalid_pop"],
    [
      "a proof for another tool with the same arguments",
      file("a"),
      { method: "DELETE", target },
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a proof for the same path on another host",
      file("a"),
      { target, host: "admin.test" },
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a proof without an argument",
      { tool: "search", args: { query: "a" } },
      get("/v1/search?q=a", ["x-tenant", "acme"]),
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a proof with one more argument",
      { tool: "read_file", args: { name: "a", more: "b" } },
      get(target),
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a proof with the parts of two arguments moved",
      search("aacme", ""),
      get("/v1/search?q=a", ["x-tenant", "acme"]),
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "a proof of another holder",
      file("a"),
      get(target),
      "invalid_pop",
      "invalid_pop",
      {
        credentials: async ({ warrant, stranger }) =>
          credentials(warrant, await ownIssuer.proof(warrant, stranger, file("a"))),
      },
    ],
    [
      "a proof for another warrant with the same rights",
      file("a"),
      get(target),
      "invalid_pop",
      "invalid_pop",
      {
        credentials: async (cast) => {
          const { root, holder, warrant } = cast;
          const other = await ownIssuer.mint(root, { holder, tools: { read_file: {} } });
          const [, proof] = await proofOf(cast, other, file("a"));
          return [["x-tenuo-warrant", warrant], proof ?? ["", ""]];
        },
      },
    ],
    [
      "another warrant with the id of one that was allowed, from a stranger",
      file("a"),
      get(target),
      "invalid_warrant",
      "invalid_warrant",
      {
        credentials: async (cast) => {
          const forged = reissue(cast.warrant, cast.stranger, () => {});
          return proofOf(cast, forged, file("a"));
        },
      },
    ],
    [
      "the warrant that was allowed, extended by another holder",
      file("a"),
      get(target),
      "invalid_warrant",
      "invalid_warrant",
      {
        credentials: async (cast) => {
          const tools = { read_file: {} };
          const child = await ownIssuer.delegate(cast.warrant, cast.holder, { holder: cast.holder, tools });
          return proofOf(
            cast,
            reissue(child, cast.stranger, () => {}),
            file("a"),
          );
        },
      },
    ],
    [
      "a proof from two minutes ago",
      file("a"),
      get(target),
      "pop_expired",
      "pop_expired",
      { credentials: (cast) => proofOf(cast, cast.warrant, file("a"), unixNow() - 120) },
    ],
    [
      "a proof from an hour ahead",
      file("a"),
      get(target),
      "invalid_pop",
      "invalid_pop",
      { credentials: (cast) => proofOf(cast, cast.warrant, file("a"), unixNow() + 3600) },
    ],
  ]),
  ...attempts(25, [
    ...["/v1/*", "/v1/:name", "/{*path}", "/.*", "/v1/files|/v1/docs"].map(
      (path): Row => [`\`${path}\` as a path`, file("a"), get(path), "no_route", "no_route"],
    ),
    ["`{name}` as an argument", file("{name}"), get("/v1/files/{name}"), AS_SIGNED, AS_SIGNED],
    ["`*` as an argument", file("*"), get("/v1/files/*"), AS_SIGNED, AS_SIGNED],
    ["`__proto__` as an argument", file("__proto__"), get("/v1/files/__proto__"), AS_SIGNED, AS_SIGNED],
    ["`constructor` as a path", undefined, get("/constructor"), "no_route", "no_route"],
    [
      "the name of a tool in a header",
      file("a"),
      { method: "DELETE", target, headers: [["x-tenuo-tool", "read_file"]] },
      "invalid_pop",
      "invalid_pop",
    ],
    [
      "the name of a tool in the query",
      file("a"),
      { method: "DELETE", target: `${target}?tool=read_file` },
      "invalid_pop",
      "invalid_pop",
    ],
  ]),
  ...attempts(26, [
    ...["x-forwarded-client-cert", "x-client-cert", "ssl-client-verify"].map(
      (name): Row => [
        `a forged \`${name}\` in place of a warrant`,
        undefined,
        get(target, [name, 'Hash=00;Subject="CN=admin";URI=spiffe://cluster.local/ns/a/sa/admin']),
        "missing_warrant",
        "missing_warrant",
      ],
    ),
  ]),
  ...attempts(27, [
    [
      "an argument that the denial might tell",
      order("secret", 1),
      post('{"order":{"item":"other"}}'),
      "extraction_failed",
      "extraction_failed",
    ],
    [
      "a warrant whose fault the denial might tell",
      undefined,
      get(target, ["x-tenuo-warrant", "gwFZ"]),
      "invalid_warrant",
      "invalid_warrant",
    ],
    [
      "`x-tenuo-debug`, as if there were a switch",
      file("b"),
      get(target, ["x-tenuo-debug", "1"], ["x-envoy-debug", "1"]),
      "invalid_pop",
      "invalid_pop",
    ],
  ]),
  ...attempts(28, [
    ["a body of 70 kB", order("a", 1), post(long(70_000)), 413, "body_unreadable"],
    [
      "a body above the service's own bound",
      order("a", 1),
      post(long(2_097_153)),
      413,
      "body_unreadable",
      { bare: "request_too_large" },
    ],
    ["a path of 50 kB", doc(long(50_000)), get(`/v1/docs/${long(50_000)}`), AS_SIGNED, AS_SIGNED],
    [
      "a path of 70 kB",
      doc(long(70_000)),
      get(`/v1/docs/${long(70_000)}`),
      431,
      431,
      { bare: "request_too_large" },
    ],
    [
      "101 headers",
      file("a"),
      get(target, ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, ""] as const)),
      431,
      431,
      { bare: AS_SIGNED },
    ],
    [
      "1,001 headers",
      file("a"),
      get(target, ...Array.from({ length: 1001 }, (_, i) => [`x-${i}`, ""] as const)),
      431,
      431,
      { bare: "request_too_large" },
    ],
    [
      "headers of 600 kB",
      file("a"),
      get(target, ["x-long", long(600_000)]),
      431,
      431,
      { bare: "request_too_large" },
    ],
    [
      "a warrant of 50 kB of nothing",
      undefined,
      get(target, ["x-tenuo-warrant", long(50_000)]),
      "invalid_warrant",
      "invalid_warrant",
    ],
    [
      "a stack of 17 warrants",
      file("a"),
      get(target),
      "invalid_warrant",
      "invalid_warrant",
      {
        credentials: async (cast) => {
          let stack = await ownIssuer.mint(cast.root, { holder: cast.holder, tools: { read_file: {} } });
          for (let i = 0; i < 16; i++)
            stack = await ownIssuer.delegate(stack, cast.holder, {
              holder: cast.holder,
              tools: { read_file: {} },
            });
          return proofOf(cast, stack, file("a"));
        },
      },
    ],
    [
      "a proof of 50 kB",
      file("a"),
      get(target),
      "invalid_pop",
      "invalid_pop",
      { credentials: async ({ warrant }) => credentials(warrant, long(50_000)) },
    ],
    [
      "approvals of 50 kB of nothing",
      file("a"),
      get(target, ["x-tenuo-approvals", long(50_000)]),
      "invalid_approval",
      "invalid_approval",
    ],
  ]),
];
