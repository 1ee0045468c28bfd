import { parse as parseQuery } from "node:querystring";
import type { Call } from "../warrants.ts";
import type { WireRequest } from "../wire-request.ts";
import type { Setup } from "./attempt.ts";

/** Where a spelling of a byte stands, and by which route it comes. */
export const PLACES = ["path", "query", "both"] as const;
export type Place = (typeof PLACES)[number];

/** How a byte is spelled. */
export const FORMS = ["raw", "escaped", "escaped twice"] as const;
export type Form = (typeof FORMS)[number];

/** One target of the sweep. */
export interface Trial {
  readonly byte: number;
  readonly form: Form;
  readonly over: Pick<WireRequest, "over">;
  readonly place: Place;
  readonly target: string;
  /** What some reader might take it for. */
  readonly mayMean: readonly Call[];
}

export const sweepGatewayYaml = (version: 1 | 2): string => `
version: "${version}"
settings: {}
tools:
  path:
    constraints: {value: {from: path, path: value, required: true}}
  query:
    constraints: {key: {from: query, path: k, required: true}}
  both:
    constraints: {value: {from: path, path: value, required: true}, key: {from: query, path: k, required: true}}
routes:
  - {pattern: "/path/{value}", method: GET, tool: path}
  - {pattern: /query, method: GET, tool: query}
  - {pattern: "/both/{value}", method: GET, tool: both}
`;

/** Every byte in these forms and places. */
export function* trials(forms: readonly Form[], places: readonly Place[]): Generator<Trial> {
  for (const trial of allTrials())
    if (forms.includes(trial.form) && places.includes(trial.place)) yield trial;
}

function* allTrials(): Generator<Trial> {
  for (let byte = 0; byte < 256; byte++) {
    for (const [form, spelling, over] of spellings(byte)) {
      const written = `a${spelling}b`;
      const values = [...readingsOf(written)];
      const common = { byte, form, over };
      yield {
        ...{ ...common, place: "path", target: `/path/${written}` },
        mayMean: values.map((value) => ({ tool: "path", args: { value } })),
      };
      yield {
        ...{ ...common, place: "query", target: `/query?k=${written}` },
        mayMean: values.map((key) => ({ tool: "query", args: { key } })),
      };
      yield {
        ...{ ...common, place: "both", target: `/both/${written}?k=${written}` },
        mayMean: values.flatMap((value) =>
          [...new Set([value, asForm(value)])].map((key) => ({ tool: "both", args: { value, key } })),
        ),
      };
    }
  }
}

/** What HTTP/1.1 has no way to say is sent over HTTP/2, too. */
function spellings(byte: number): (readonly [Form, string, Trial["over"]])[] {
  const raw = String.fromCharCode(byte);
  const small = byte.toString(16).padStart(2, "0");
  const digits = [...new Set([small, small.toUpperCase()])];
  return [
    ["raw", raw, {}],
    ...(PRINTABLE.includes(raw) ? [] : [["raw", raw, { over: "http2" }] as const]),
    ...digits.map((each) => ["escaped", `%${each}`, {}] as const),
    ...digits.map((each) => ["escaped twice", `%25${each}`, {}] as const),
  ];
}

const bytes = (from: number, to: number): string =>
  String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i));
const without = (text: string, chars: string): string =>
  [...text].filter((char) => !chars.includes(char)).join("");

/** Visible ASCII. */
const PRINTABLE = bytes(0x21, 0x7e);
/** What a path may hold in an escape; all else is refused, or has no need of one. */
const ESCAPABLE = " !\"$&'()*+,:<=>@[]^`{|}";
const UNRESERVED = PRINTABLE.replaceAll(/[^A-Za-z0-9._~-]/g, "");
/** What Envoy escapes in a path when it normalises it. */
const ESCAPED_BY_ENVOY = '"<>^`{|}';

/** The bytes that pass, for one of the values they might be read as; all others never do. */
export function passing(
  setup: Setup,
  version: 1 | 2,
): Readonly<Record<Place, Readonly<Record<Form, string>>>> {
  const hardened = setup === "hardened";
  // Where the service isn't sent raw bytes, a `!` may have been one.
  const uncertain = setup === "careless" ? "!" : "";
  const rawPath = without(
    PRINTABLE,
    `#%/;\\${uncertain}${hardened && version === 1 ? ESCAPED_BY_ENVOY : ""}`,
  );
  const rawQuery = without(PRINTABLE, `#%;${uncertain}`);
  const escapedPath = (version === 2 ? ESCAPABLE : "") + (hardened ? UNRESERVED : "");
  return {
    path: { raw: rawPath, escaped: escapedPath, "escaped twice": "" },
    query: { raw: rawQuery, escaped: bytes(0, 0x7f), "escaped twice": bytes(0, 0xff) },
    both: { raw: without(rawPath, "?&"), escaped: escapedPath, "escaped twice": "" },
  };
}

/** Texts that some reader might take for the value: as written, decoded once and twice, repaired, cut. */
function readingsOf(written: string): Set<string> {
  const once = unescaped(written);
  const bytes = [written, once, unescaped(once)];
  return new Set([
    ...bytes,
    ...bytes.map((each) => Buffer.from(each, "latin1").toString("utf8")),
    ...bytes.map((each) => each.replaceAll(/[\x80-\xff]/g, "!")),
    ...(/^a[^a-z0-9]b$/i.test(once) ? ["a", asForm(once)] : []),
  ]);
}

/** One character a byte, before and after. */
function unescaped(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function asForm(text: string): string {
  return text.replaceAll("+", " ");
}

/** The calls that upstreams take a target of the sweep for. */
export function sweepReadings(target: string): readonly Call[] {
  const url = new URL(target, "http://gateway.test");
  const [path = "", ...rest] = target.split("?");
  const query = rest.join("?");
  const plain = /(?:^|&)k=([^&]*)/.exec(query)?.[1];
  return [
    reading(url.pathname, url.searchParams.get("k")),
    reading(path, parseQuery(query)["k"]),
    reading(path.split(";")[0] ?? "", plain === undefined ? undefined : decodeURIComponent(asForm(plain))),
    // Twice: what is judged of a path may not depend on how often it is decoded.
    reading(decodeURIComponent(path), new URLSearchParams(query.replaceAll(";", "&")).getAll("k").join()),
  ];
}

function reading(path: string, key: unknown): Call {
  const [, tool = "", value, ...more] = path.split("/").map(decodeURIComponent);
  const args = {
    ...(tool !== "query" && { value: [value, ...more].join("/") }),
    ...(tool !== "path" && { key }),
  };
  return { tool, args: args as Record<string, string> };
}
