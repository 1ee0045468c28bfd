import type { Steps } from "../steps.ts";
import { type Arguments, isObject, type Value } from "../value.ts";
import { type ArgumentType, convertText, hasType, isAllowed } from "./argument-type.ts";
import { readBody } from "./body.ts";
import { some, valueAt } from "./body-path.ts";
import type { Gateway, Rule } from "./gateway.ts";
import { aliasOf, droppedByConnection, trimBlanks } from "./header.ts";
import type { JsonDocument } from "./json.ts";
import { MAX_LISTED_NAMES } from "./limits.ts";
import type { RouteMatch } from "./match.ts";
import { bodyOverride, queryOverride } from "./method-override.ts";
import { queryOf } from "./path.ts";
import { REPLACED, readQuery } from "./query.ts";
import { type GatewayRefusal, isRefusal, refuse } from "./refusal.ts";
import type { HttpRequest } from "./request.ts";

/** What the rules of a route read from, each part read once. */
interface Input {
  readonly match: RouteMatch;
  readonly request: HttpRequest;
  readonly query: ReadonlyMap<string, string>;
  readonly body: JsonDocument | undefined;
}

/** Reads the arguments of the call a request makes: those with a rule, and no others. */
export function* extract(
  gateway: Gateway,
  match: RouteMatch,
  request: HttpRequest,
): Steps<{ readonly args: Arguments } | GatewayRefusal> {
  const { route } = match;
  const queryText = queryOf(request.target);
  const spoilt = headerFault(match, request) ?? queryOverride(route, queryText);
  if (spoilt !== undefined) return refuse("ambiguous_request", spoilt);
  const query =
    route.queryKeys.names.size === 0
      ? NO_QUERY
      : readQuery(queryText, route.queryKeys, request.headers.exact);
  if (isRefusal(query)) return query;
  const body = route.readsBody ? yield* readBody(gateway, request) : undefined;
  if (isRefusal(body)) return body;
  const override = body && bodyOverride(route, body);
  if (override !== undefined) return refuse("ambiguous_request", override);
  const input: Input = { match, request, query, body };
  const args = new Map<string, Value>();
  for (const rule of route.rules) {
    const value = yield* argument(rule, input);
    if (isRefusal(value)) return value;
    if (value !== undefined) args.set(rule.argument, value);
  }
  return { args };
}

const NO_QUERY: ReadonlyMap<string, string> = new Map();

function headerFault({ route }: RouteMatch, { headers }: HttpRequest): string | undefined {
  if (route.headers.names.size === 0) return undefined;
  const dropped = droppedByConnection(headers, (name) => route.headers.names.has(name));
  if (dropped !== undefined) return `\`connection\` names \`${dropped}\``;
  const alias = aliasOf(headers, route.headers);
  return alias === undefined ? undefined : `\`${alias}\` may be read as an extracted header`;
}

function* argument(rule: Rule, input: Input): Steps<Value | undefined | GatewayRefusal> {
  const found = yield* read(rule, input);
  if (isRefusal(found)) return found;
  const { argument: name, type, allowed } = rule;
  if (found === undefined && rule.required) {
    return refuse("extraction_failed", `\`${name}\` is required: ${missing(rule, input)}`, name);
  }
  const given = found === undefined ? rule.fallback : found;
  if (given === undefined) return undefined;
  const value = type === undefined ? given : typed(type, given, found !== undefined && isText(rule));
  if (value === undefined) return refuse("extraction_failed", `\`${name}\` is not of type ${type}`, name);
  if (allowed !== undefined && !isAllowed(allowed, value)) {
    return refuse("extraction_failed", `\`${name}\` is not one of the allowed values`, name);
  }
  return value;
}

/** Text from the request is converted; what has a kind already, defaults included, must be of the right one. */
function typed(type: ArgumentType, value: Value, convert: boolean): Value | undefined {
  if (convert && typeof value === "string") return convertText(type, value);
  return hasType(type, value) ? value : undefined;
}

function isText({ source }: Rule): boolean {
  return source.from !== "body" && source.from !== "literal";
}

function* read(
  { source, fallback, argument }: Rule,
  input: Input,
): Steps<Value | undefined | GatewayRefusal> {
  switch (source.from) {
    case "path":
      return pathText(input.match.parameters.get(source.parameter), argument, input);
    case "request":
      return source.part === "method" ? input.request.method : pathText(input.match.path, argument, input);
    case "query":
      return input.query.get(source.key);
    case "header":
      return headerText(source.name, argument, input.request);
    case "body":
      return yield* bodyValue(source, argument, input);
    case "literal":
      return fallback;
  }
}

function pathText(
  text: string | undefined,
  argument: string,
  { match, request }: Input,
): string | undefined | GatewayRefusal {
  if (text === undefined) return undefined;
  if (!match.route.decodesPath && text.includes("%")) {
    return refuse(
      "ambiguous_request",
      "a path parameter holds a percent escape (version 2 decodes it)",
      argument,
    );
  }
  if (!request.headers.exact && text.includes("!") && request.target.includes("!")) {
    return refuse("ambiguous_request", REPLACED, argument);
  }
  return text;
}

function headerText(
  name: string,
  argument: string,
  { headers, authority }: HttpRequest,
): string | undefined | GatewayRefusal {
  const values = name === "host" && authority !== "" ? [authority] : headers.lines.get(name);
  if (values === undefined) return undefined;
  const [value = ""] = values;
  if (values.length > 1 || (!headers.exact && value.includes(","))) {
    return refuse("ambiguous_request", `\`${name}\` was sent more than once, or holds a comma`, argument);
  }
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7e || (code < 0x20 && code !== 0x09)) {
      return refuse("ambiguous_request", `\`${name}\` holds a byte outside ASCII`, argument);
    }
  }
  if (!headers.exact && value.includes("!")) return refuse("ambiguous_request", REPLACED, argument);
  return trimBlanks(value);
}

function* bodyValue(
  source: Extract<Rule["source"], { from: "body" }>,
  argument: string,
  { body, request }: Input,
): Steps<Value | undefined | GatewayRefusal> {
  if (body === undefined) return undefined;
  const value = yield* valueAt(body, source.path, request.body.exact);
  if (typeof value === "symbol") {
    return refuse("ambiguous_request", `a member of \`${source.path.text}\` ${value.description}`, argument);
  }
  if (value === undefined || request.body.exact) return value;
  const replaced = source.path.text.includes("!") || (yield* some(value, isReplaced));
  return replaced ? refuse("ambiguous_request", REPLACED, argument) : value;
}

function isReplaced(part: Value): boolean {
  return typeof part === "string" && part.includes("!");
}

/** Says what was looked for, and what is there instead. */
function missing({ source }: Rule, { match, request, body }: Input): string {
  switch (source.from) {
    case "path":
      return `\`${match.route.pattern.text}\` has no parameter \`${source.parameter}\``;
    case "query":
      return `the query has no \`${source.key}\``;
    case "header":
      return `there is no header \`${source.name}\`${listed(request.headers.lines.keys())}`;
    case "body": {
      if (body === undefined) return "the body is empty";
      const names = isObject(body.value) ? listed(body.value.keys()) : "";
      return `the body has no \`${source.path.text}\`${names}`;
    }
    case "literal":
    case "request":
      return "the rule has no default";
  }
}

function listed(names: Iterable<string>): string {
  const first = Iterator.from(names).take(MAX_LISTED_NAMES).toArray();
  return first.length === 0 ? "" : `, but ${first.map((name) => `\`${name}\``).join(", ")}`;
}
