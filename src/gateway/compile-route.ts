import type { FileContext } from "./compile-rule.ts";
import type { ConfigPath } from "./config-node.ts";
import type { Route, RouteTable, Rule } from "./gateway.ts";
import { guardHeaders, isToken } from "./header.ts";
import { isHost } from "./host.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import { queryKeys } from "./query.ts";
import type { Report } from "./report.ts";
import { Router } from "./router.ts";
import type { RouteEntry } from "./schema.ts";

/** A route of the file with its rules, those of its tool included. */
export interface RouteSource {
  readonly entry: RouteEntry;
  readonly path: ConfigPath;
  readonly requiredClearance: number;
  readonly rules: ReadonlyMap<string, Rule>;
}

/** Sorts routes into tables by host, pattern and method, so that a request looks up its one and only. */
export function compileRoutes(
  sources: readonly RouteSource[],
  context: FileContext,
  allowParameters: boolean,
): RouteTable {
  const byHost = new Map<string, Router<Route>>();
  const anyHost = new Router<Route>();
  const places = new Map<Route, ConfigPath>();
  for (const source of sources) {
    const { entry, path } = source;
    const router = entry.host === undefined ? anyHost : routerOf(byHost, entry.host, path, context.report);
    const methods = compileMethods(entry, path, context.report);
    const patterns = patternsOf(source, context, allowParameters);
    if (patterns.length > 0) checkParameters(source, patterns, context);
    for (const pattern of patterns) {
      const route = compileRoute(source, pattern, methods, context);
      places.set(route, path);
      insert(router, route, methods, path, places, context.report);
    }
  }
  const all = Object.freeze([...places.keys()]);
  const modes = new Set(all.flatMap((route) => route.mode ?? []));
  return Object.freeze({ byHost, anyHost, all, tools: argumentsByTool(all), modes });
}

function argumentsByTool(routes: readonly Route[]): ReadonlyMap<string, ReadonlySet<string>> {
  const tools = new Map<string, Set<string>>();
  for (const { tool, rules } of routes) {
    const names = tools.get(tool) ?? new Set();
    for (const { argument } of rules) names.add(argument);
    tools.set(tool, names);
  }
  return tools;
}

function routerOf(
  byHost: Map<string, Router<Route>>,
  host: string,
  path: ConfigPath,
  report: Report,
): Router<Route> {
  const name = host.toLowerCase();
  if (!isHost(name)) {
    report.error([...path, "host"], `\`${host}\` is never reached, write one host without port`);
  }
  const router = byHost.get(name) ?? new Router<Route>();
  byHost.set(name, router);
  return router;
}

/** The methods in capitals, as clients send them; the empty text for every method. */
function compileMethods({ method }: RouteEntry, path: ConfigPath, report: Report): readonly string[] {
  const given = typeof method === "string" ? [method] : (method ?? []);
  for (const [i, text] of given.entries()) {
    const place = typeof method === "string" ? [...path, "method"] : [...path, "method", i];
    if (!isToken(text)) report.error(place, `\`${text}\` can't be a method`);
    else if (text.toUpperCase() === "CONNECT") {
      report.error(place, "`CONNECT` is never reached, it has no path");
    }
  }
  return given.length === 0 ? [""] : [...new Set(given.map((text) => text.toUpperCase()))];
}

function patternsOf(
  { entry, path }: RouteSource,
  { version, report }: FileContext,
  allowParameters: boolean,
): Pattern[] {
  const { pattern, path_prefix: prefix } = entry;
  if (pattern !== undefined && prefix !== undefined) {
    report.keyError([...path, "path_prefix"], "`pattern` and `path_prefix` say the same, keep one");
    return [];
  }
  const texts = prefix !== undefined ? [`${prefix}{*rest}`, prefix] : pattern !== undefined ? [pattern] : [];
  if (texts.length === 0) report.error(path, "missing key `pattern`");
  const place = [...path, prefix === undefined ? "pattern" : "path_prefix"];
  const patterns: Pattern[] = [];
  for (const text of texts) {
    const result = parsePattern(text, allowParameters);
    if (!result.ok) {
      report.error(place, result.message);
      return [];
    }
    const { parameters } = result.pattern;
    const twice = parameters.find((name, i) => parameters.indexOf(name) < i);
    // Only the last of them can be read: the first would go unjudged.
    if (version === 2 && twice !== undefined) report.error(place, `two parameters are named \`${twice}\``);
    patterns.push(result.pattern);
  }
  return patterns;
}

/** A rule for a parameter that no pattern of the route has is harmless only while its value is optional. */
function checkParameters(
  { path, rules }: RouteSource,
  patterns: readonly Pattern[],
  { version, report }: FileContext,
): void {
  const known = new Set(patterns.flatMap(({ parameters }) => parameters));
  for (const { argument, source, required } of rules.values()) {
    if (source.from !== "path" || known.has(source.parameter)) continue;
    const message = `\`${argument}\` reads the parameter \`${source.parameter}\`, which the pattern lacks`;
    report[required && version === 2 ? "error" : "warning"](path, message);
  }
}

function compileRoute(
  { entry, requiredClearance, rules }: RouteSource,
  pattern: Pattern,
  methods: readonly string[],
  { version }: FileContext,
): Route {
  const keys: string[] = [];
  const headers: string[] = [];
  let readsBody = false;
  for (const { source } of rules.values()) {
    if (source.from === "query") keys.push(source.key);
    if (source.from === "header") headers.push(source.name);
    if (source.from === "body") readsBody = true;
  }
  return Object.freeze({
    tool: entry.tool,
    ...(entry.host !== undefined && { host: entry.host.toLowerCase() }),
    methods,
    requiredClearance,
    pattern,
    ...(entry.mode !== undefined && { mode: entry.mode }),
    allowUpgrade: entry.allow_upgrade,
    decodesPath: version === 2,
    rules: Object.freeze([...rules.values()]),
    queryKeys: queryKeys(keys, version === 2),
    headers: guardHeaders(headers),
    readsBody,
  });
}

function insert(
  router: Router<Route>,
  route: Route,
  methods: readonly string[],
  path: ConfigPath,
  places: ReadonlyMap<Route, ConfigPath>,
  report: Report,
): void {
  const leaf = router.leaf(route.pattern);
  const lineOf = (other: Route | undefined): number => report.lineOf((other && places.get(other)) ?? path);
  if ("clash" in leaf) {
    const [other] = leaf.clash.routes.values();
    report.error(
      path,
      `\`${route.pattern.text}\` clashes with \`${other?.pattern.text}\` in line ${lineOf(other)}`,
    );
    return;
  }
  for (const method of methods) {
    const [first] = leaf.routes.values();
    const other = leaf.routes.get(method) ?? leaf.routes.get("") ?? (method === "" ? first : undefined);
    if (other === undefined) leaf.routes.set(method, route);
    else {
      const what = `\`${method === "" ? "" : `${method} `}${route.pattern.text}\``;
      report.error(path, `${what} is already mapped in line ${lineOf(other)}`);
    }
  }
}
