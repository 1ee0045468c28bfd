import type { Reason } from "../../../src/decision/reason.ts";
import type { HeaderLines } from "../client.ts";
import type { Call } from "../warrants.ts";
import type { WireRequest } from "../wire-request.ts";
import type { Cast } from "./cast.ts";

/** Ways around an external authorizer, as the sources on Envoy and Istio count them. */
export const CLASSES = {
  1: "dot segments, empty segments, backslashes",
  2: "escaped slashes and dots, double escapes",
  3: "path parameters",
  4: "a path that reads as an authority",
  5: "fragment, absolute form, path without slash",
  6: "trailing slash, letter case, spelling of the host",
  7: "query: repeated, escaped and renamed keys",
  8: "headers given twice",
  9: "bytes that aren't UTF-8",
  10: "other spellings of header names",
  11: "forged result headers",
  12: "a body judged by its beginning",
  13: "a body that is never judged",
  14: "a body with two readings",
  15: "bodies of gRPC",
  16: "method override",
  17: "headers for one hop",
  18: "forwarded and original targets",
  19: "health pages and user agents",
  20: "another route after the check",
  21: "requests that are never checked",
  22: "an empty answer",
  23: "an answer that comes late",
  24: "a verdict for another call",
  25: "patterns and names from the request",
  26: "client certificates",
  27: "details for strangers",
  28: "exhaustion",
  29: "replaced bytes",
} as const;

export type BypassClass = keyof typeof CLASSES;

/**
 * Where an attempt is made: through Envoy as envoy/gateway.yaml sets it up, through one set up carelessly without and
 * with raw bytes for the service, and at the service itself, as behind a proxy that lets everything pass unchanged,
 * without and with raw bytes.
 */
export const SETUPS = ["hardened", "careless", "careless raw"] as const;
export const BARE_SETUPS = ["bare", "bare raw"] as const;
export type Setup = (typeof SETUPS)[number] | (typeof BARE_SETUPS)[number];

/**
 * What must come of an attempt: the service refuses with this reason; Envoy itself refuses with this status (0 ends
 * the stream without one); it passes, and the upstream reads exactly what was signed; or why it can't be made there.
 */
export type Outcome = Reason | number | typeof AS_SIGNED | { readonly not: string };
export const AS_SIGNED = "arrives as signed";

export interface Attempt {
  readonly class: BypassClass;
  /** What is tried, as the end of a sentence. */
  readonly tries: string;
  /** The call that the proof is for; undefined where neither warrant nor proof is sent. */
  readonly signs: Call | undefined;
  readonly sends: WireRequest;
  /** Headers to send in place of the warrant and the proof of the call. */
  readonly credentials?: (cast: Cast) => Promise<HeaderLines>;
  readonly yields: Readonly<Record<Setup, Outcome>>;
}

/** An attempt as the tables have it. */
export type Row = readonly [
  tries: Attempt["tries"],
  signs: Attempt["signs"],
  sends: Attempt["sends"],
  hardened: Outcome,
  careless: Outcome,
  more?: More,
];

interface More {
  /** As without raw bytes, unless said. */
  readonly carelessRaw?: Outcome;
  /** As behind a careless Envoy, unless said; it has to be where that one refuses by itself. */
  readonly bare?: Outcome;
  /** As `bare`, else as `carelessRaw`, unless said. */
  readonly bareRaw?: Outcome;
  readonly credentials?: Attempt["credentials"];
}

export function attempts(number: BypassClass, rows: readonly Row[]): Attempt[] {
  return rows.map(([tries, signs, sends, hardened, careless, more = {}]) => {
    const { carelessRaw = careless, bare, bareRaw, credentials } = more;
    if (bare === undefined && (typeof careless === "number" || typeof carelessRaw === "number")) {
      throw new Error(`\`${tries}\` doesn't say what the service does`);
    }
    const yields = {
      hardened,
      careless,
      "careless raw": carelessRaw,
      bare: bare ?? careless,
      "bare raw": bareRaw ?? bare ?? carelessRaw,
    };
    return { class: number, tries, signs, sends, ...(credentials && { credentials }), yields };
  });
}

/** Why the service can't be asked: it is told of requests, not of how they are written. */
export const HTTP1_ONLY = "a matter of how HTTP/1.1 is written";

export const JSON_TYPE = ["content-type", "application/json"] as const;

export const doc = (path: string): Call => ({ tool: "read_doc", args: { path } });
export const file = (name: string): Call => ({ tool: "read_file", args: { name } });
export const search = (query: string, tenant = "acme", limit = 10): Call => ({
  tool: "search",
  args: { query, limit, tenant },
});
export const order = (item: string, amount: number, gift = true): Call => ({
  tool: "place_order",
  args: { item, amount, gift },
});

export function get(target: string, ...headers: HeaderLines): WireRequest {
  return { target, headers };
}

/** A search of tenant `acme`. */
export function find(query: string, ...headers: HeaderLines): WireRequest {
  return { target: `/v1/search?${query}`, headers: [["x-tenant", "acme"], ...headers] };
}

/** An order with a JSON body. */
export function post(body: string | Uint8Array, ...headers: HeaderLines): WireRequest {
  return { method: "POST", target: "/v1/orders", headers: [JSON_TYPE, ...headers], body };
}

export function http2(request: WireRequest): WireRequest {
  return { ...request, over: "http2" };
}
