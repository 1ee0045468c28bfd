import type { Gateway } from "./gateway.ts";
import { aliasOf, dashed, droppedByConnection } from "./header.ts";
import { MAX_CONNECTION_CHARS, MAX_HEADER_CHARS, MAX_HEADER_LINES, MAX_TARGET_CHARS } from "./limits.ts";
import { headerOverride } from "./method-override.ts";
import { pathFault, pathOf } from "./path.ts";
import { type GatewayRefusal, refuse } from "./refusal.ts";
import type { HttpRequest } from "./request.ts";

/** What the names of our result headers start with. */
const RESULT_PREFIX = "x-tenuo-";

/**
 * Refuses a request that proxy, authorizer and upstream could read in different ways, whatever its route, and
 * one that is too large to judge.
 */
export function admit(gateway: Gateway, request: HttpRequest): GatewayRefusal | undefined {
  const large = sizeFault(gateway, request);
  if (large !== undefined) return refuse("request_too_large", large);
  const fault =
    methodFault(request) ??
    pathFault(pathOf(request.target), gateway.settings.allowPathParameters) ??
    headerFault(gateway, request);
  return fault === undefined ? undefined : refuse("ambiguous_request", fault);
}

function sizeFault(gateway: Gateway, { target, headers, body }: HttpRequest): string | undefined {
  if (target.length > MAX_TARGET_CHARS) return `the request target is longer than ${MAX_TARGET_CHARS}`;
  let lines = 0;
  let chars = 0;
  for (const [name, values] of headers.lines) {
    lines += values.length;
    let own = 0;
    for (const value of values) own += name.length + value.length;
    if (name === "connection" && own > MAX_CONNECTION_CHARS)
      return `\`connection\` is longer than ${MAX_CONNECTION_CHARS}`;
    chars += own;
  }
  if (lines > MAX_HEADER_LINES) return `more than ${MAX_HEADER_LINES} header lines`;
  if (chars > MAX_HEADER_CHARS) return `the headers are longer than ${MAX_HEADER_CHARS}`;
  const most = gateway.settings.maxBodyBytes;
  return body.bytes.length > most ? `the body is longer than ${most} bytes` : undefined;
}

function methodFault({ method, authority, headers }: HttpRequest): string | undefined {
  if (method === "") return "the request has no method";
  if (method === "CONNECT") return "a CONNECT request has no path to judge";
  const override = headerOverride(headers);
  if (override !== undefined) return override;
  const hosts = headers.lines.get("host") ?? [authority];
  return authority.includes(",") || hosts.some((host) => host !== authority)
    ? "more than one host"
    : undefined;
}

function headerFault({ ownHeaders }: Gateway, { headers }: HttpRequest): string | undefined {
  for (const name of ownHeaders.names) {
    const values = headers.lines.get(name);
    if (values === undefined) continue;
    if (values.length > 1 || values[0]?.includes(",")) return `\`${name}\` was sent more than once`;
  }
  const isOurs = (name: string): boolean => ownHeaders.names.has(name) || name.startsWith(RESULT_PREFIX);
  const dropped = droppedByConnection(headers, isOurs);
  if (dropped !== undefined) return `\`connection\` names \`${dropped}\``;
  const alias = aliasOf(headers, ownHeaders) ?? resultAlias(headers.lines.keys());
  return alias === undefined ? undefined : `\`${alias}\` may be read as one of our headers`;
}

function resultAlias(names: Iterable<string>): string | undefined {
  for (const name of names) {
    const prefix = name.slice(0, RESULT_PREFIX.length);
    if (dashed(prefix) === RESULT_PREFIX && dashed(name) !== name) return name;
  }
  return undefined;
}
