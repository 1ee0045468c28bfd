import { posix } from "node:path";
import { parse as parseQuery } from "node:querystring";
import { isMap, isScalar, parseDocument } from "yaml";
import type { Received } from "../upstream.ts";
import type { Call } from "../warrants.ts";

/** What an upstream takes a request for; undefined where it has no such call. */
export type Reading = Call | undefined;

type Argument = string | number | boolean;
type Lines = Received["headers"];

/** How servers and frameworks read the parts of a request; each in a way of its own wherever a way is known. */
interface Reader {
  readonly path: (target: string) => string;
  readonly query: (target: string, key: string) => unknown;
  readonly header: (lines: Lines, name: string) => string | undefined;
  readonly member: (body: string, path: readonly string[]) => unknown;
}

const READERS: Readonly<Record<string, Reader>> = {
  "as a browser's URL; the last of repeated members; header lines joined": {
    path: (target) => decodeURIComponent(new URL(target, "http://gateway.test").pathname),
    query: (target, key) => new URL(target, "http://gateway.test").searchParams.get(key) ?? undefined,
    header: (lines, name) => joined(named(lines, (each) => each === name)),
    member: (body, path) => path.reduce(memberOf, JSON.parse(body)),
  },
  "cut at the question mark; repeated keys as a list; the first of repeated members and lines": {
    path: (target) => decodeURIComponent(target.split("?")[0] ?? ""),
    query: (target, key) => parseQuery(target.split("?").slice(1).join("?"))[key],
    header: (lines, name) => named(lines, (each) => each === name)[0],
    member: firstMember,
  },
  "as a servlet: path parameters cut, then decoded, then resolved; the first of repeated keys; names in any case":
    {
      path: (target) => {
        const segments = (target.split(/[?#]/)[0] ?? "").replaceAll("\\", "/").split("/");
        return posix.normalize(decodeURIComponent(segments.map((each) => each.split(";")[0]).join("/")));
      },
      query: (target, key) => pairs(target).find(([name]) => name.toLowerCase() === key)?.[1],
      header: (lines, name) => named(lines, (each) => each.toLowerCase() === name).at(-1),
      member: (body, path) => path.reduce(memberInAnyCase, JSON.parse(body)),
    },
  "as CGI: decoded twice; `;` parts the query, brackets belong to a list, the last counts; `_` and `.` are `-`":
    {
      path: (target) => posix.normalize(decodeURIComponent(decodeURIComponent(target.split("?")[0] ?? ""))),
      query: (target, key) =>
        pairs(target.replaceAll(";", "&")).findLast(
          ([name]) => name.replace(/\[.*$/, "").trim() === key,
        )?.[1],
      header: (lines, name) => named(lines, (each) => each.replaceAll(/[_.]/g, "-") === name).at(-1),
      member: (body, path) => path.reduce(memberOf, JSON.parse(body)),
    },
};

/** The calls that different upstreams take one request for, by how they read. */
export function readings(received: Received): readonly (readonly [by: string, call: Reading])[] {
  return Object.entries(READERS).map(([by, reader]) => [by, read(reader, received)]);
}

function read(reader: Reader, { method, target, headers, body }: Received): Reading {
  const path = reader.path(target);
  const host = joined(named(headers, (name) => name === "host")) ?? "";
  const text = Buffer.from(body, "base64").toString("utf8");
  const member = (...steps: string[]) => (text === "" ? undefined : reader.member(text, steps));
  const [, file] = /^\/v1\/files\/([^/]+)$/.exec(path) ?? [];
  const [, document] = /^\/v1\/docs\/(.+)$/s.exec(path) ?? [];
  const [, id] = /^\/v1\/orders\/([^/]+)$/.exec(path) ?? [];
  if (method === "GET" && file !== undefined) {
    return /^admin\.test\.?(:|$)/i.test(host)
      ? call("admin_file", { name: file, area: "admin" })
      : call("read_file", { name: file });
  }
  if (method === "DELETE" && file !== undefined) return call("erase_file", { name: file });
  if (method === "GET" && document !== undefined) return call("read_doc", { path: document });
  if (method === "GET" && path === "/v1/search") {
    return call("search", {
      query: reader.query(target, "q"),
      limit: Number(reader.query(target, "limit") ?? "10"),
      tenant: reader.header(headers, "x-tenant"),
    });
  }
  if (method === "POST" && path === "/v1/orders") {
    return call("place_order", {
      item: member("order", "item"),
      amount: member("order", "amount"),
      gift: member("gift"),
    });
  }
  return method === "DELETE" && id !== undefined
    ? call("cancel_order", { id, force: member("force") })
    : undefined;
}

function call(tool: string, args: Readonly<Record<string, unknown>>): Call {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  return { tool, args: Object.fromEntries(given) as Record<string, Argument> };
}

function named(lines: Lines, fits: (name: string) => boolean): string[] {
  return lines.filter(([name]) => fits(name.toLowerCase())).map(([, value]) => value);
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(",");
}

/** Decoded as forms are. */
function pairs(target: string): (readonly [string, string])[] {
  return [...new URLSearchParams(target.split("?").slice(1).join("?"))];
}

function memberOf(value: unknown, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** As Go does where no name fits exactly. */
function memberInAnyCase(value: unknown, name: string): unknown {
  return Object.entries(value as object).findLast(([each]) => each.toLowerCase() === name)?.[1];
}

/** A reader of YAML, of which JSON is a part, that takes the first of repeated members. */
function firstMember(body: string, path: readonly string[]): unknown {
  let node: unknown = parseDocument(body, { uniqueKeys: false, schema: "json" }).contents;
  for (const name of path) node = isMap(node) ? node.get(name, true) : undefined;
  return isScalar(node) ? node.value : node;
}
