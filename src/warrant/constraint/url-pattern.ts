import type { CborValue } from "../../cbor/value.ts";
import { type Evaluation, once } from "../../evaluation.ts";
import type { Value } from "../../value.ts";
import { asText, Malformed } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { compileGlob, type Glob, matchesGlob } from "./glob.ts";
import { hostEffort, MAX_HOST_EFFORT, parseUrl } from "./url.ts";

/** A URL of one scheme, host, port and path, as text. Text that isn't a URL can't be evaluated. */
export interface UrlPattern extends Constraint {
  readonly kind: "UrlPattern";
  readonly rules: Rules;
}

/** What is undefined isn't looked at. */
interface Rules {
  /** With its colon, in lower case. */
  readonly scheme: string | undefined;
  /** `*.x` is `x` and everything below it. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** A glob over the path as the URL has it, escapes included. */
  readonly path: string | undefined;
  /** Undefined where the path is compared as text: an invalid glob is no error here. */
  readonly glob: (evaluation: Evaluation) => Glob | undefined;
}

/** Matches every path, and unlike no path rule is narrowed only by a rule. */
const ANY_PATH = "/*";
const ANY_SCHEME = "*://";
/** What stands for wildcards while the pattern is read as a URL. */
const HOST_WILDCARD = "__tenuo_host_wildcard__";
const PATH_WILDCARD = "__tenuo_path_wildcard__";
/** A port that isn't written; any other scheme has 0. */
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };
/** Schemes whose hosts are always in lower case. */
const SPECIAL_SCHEMES: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:", "ftp:", "file:"]);

/** @throws {Malformed} when the text isn't such a pattern. */
export function urlPattern(text: string): UrlPattern {
  const rules = parseRules(text);

  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    if (typeof argument !== "string") return "no_match";
    const url = parseUrl(argument, evaluation);
    return url === undefined ? "error" : outcome(matchesRules(rules, url, evaluation));
  };

  return Object.freeze({
    kind: "UrlPattern",
    type: 9,
    failsOn: () => "non_urls",
    rules,
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      evaluation.spend(COMPARE_EFFORT + text.length / 16);
      return isUrlPattern(child) && narrows(child.rules, rules, evaluation);
    },
    describe: () => `UrlPattern(${text})`,
    toCbor: () => text,
  });
}

/** Steps of comparing two patterns, beside those for the text. */
const COMPARE_EFFORT = 10;

function isUrlPattern(constraint: Constraint): constraint is UrlPattern {
  return constraint.kind === "UrlPattern";
}

function parseRules(text: string): Rules {
  const schemeEnd = text.indexOf("://");
  if (schemeEnd === -1 || text.includes(HOST_WILDCARD) || text.includes(PATH_WILDCARD)) {
    throw new Malformed("a UrlPattern that isn't one");
  }
  if (hostEffort(text) > MAX_HOST_EFFORT) throw new Malformed("a UrlPattern with an overlong host");
  const isAnyScheme = text.startsWith(ANY_SCHEME);
  const concrete = (isAnyScheme ? `https${text.slice(1)}` : text)
    .replaceAll("*.", `${HOST_WILDCARD}.`)
    .replaceAll("/*", `/${PATH_WILDCARD}`);
  const url = URL.parse(concrete);
  if (url === null) throw new Malformed("a UrlPattern that isn't a URL");

  const host = copyOf(url.hostname.replaceAll(`${HOST_WILDCARD}.`, "*."));
  const path = copyOf(url.pathname.replaceAll(PATH_WILDCARD, "*"));
  const hasPath = path !== "" && path !== "/";
  return {
    scheme: isAnyScheme ? undefined : `${text.slice(0, schemeEnd).toLowerCase()}:`,
    host: host === "" ? undefined : host,
    port: url.port === "" ? undefined : Number(url.port),
    path: hasPath ? path : undefined,
    glob: once((evaluation) => compileGlob(path, evaluation)),
  };
}

/** Of its own, since what is cut out of a text keeps all of it. */
function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

function matchesRules(rules: Rules, url: URL, evaluation: Evaluation): boolean {
  const { scheme, host, port, path } = rules;
  if (scheme !== undefined && scheme !== url.protocol) return false;
  if (host !== undefined && !matchesHost(host, url.hostname)) return false;
  if (port !== undefined && port !== portOf(url)) return false;
  if (path === undefined || path === ANY_PATH) return true;
  const glob = rules.glob(evaluation);
  return glob === undefined ? path === url.pathname : matchesGlob(glob, url.pathname, evaluation);
}

function matchesHost(rule: string, host: string): boolean {
  if (!isWildcard(rule)) return rule.toLowerCase() === host.toLowerCase();
  return host !== "" && (host === rule.slice(2) || host.endsWith(rule.slice(1)));
}

function isWildcard(host: string): boolean {
  return host.startsWith("*.");
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);
}

function narrows(child: Rules, parent: Rules, evaluation: Evaluation): boolean {
  return (
    (parent.scheme === undefined || child.scheme === parent.scheme) &&
    (parent.port === undefined || child.port === parent.port) &&
    narrowsHost(child, parent) &&
    narrowsPath(child, parent, evaluation)
  );
}

function narrowsHost(child: Rules, parent: Rules): boolean {
  if (parent.host === undefined) return true;
  if (child.host === undefined) return false;
  if (isWildcard(child.host)) return isWildcard(parent.host) && child.host.endsWith(parent.host.slice(1));
  if (!isWildcard(parent.host)) return matchesHost(parent.host, child.host);
  // A name is compared without regard to case, a wildcard isn't.
  const hasLowerCase = child.scheme !== undefined && SPECIAL_SCHEMES.has(child.scheme);
  return hasLowerCase && matchesHost(parent.host, child.host);
}

/**
 * What a child adds can only stand where the parent is open, which is at its end: `/api` is that one path. A glob that
 * is invalid matches its own text, which need not be what a parent starting the same matches: `/[ab]/[`.
 */
function narrowsPath(child: Rules, parent: Rules, evaluation: Evaluation): boolean {
  if (parent.path === undefined || parent.path === child.path) return true;
  if (child.path === undefined) return false;
  if (parent.path === ANY_PATH) return true;
  const glob = parent.path.endsWith("*") ? parent.glob(evaluation) : undefined;
  if (glob === undefined) return false;
  const start = parent.path.endsWith("/*") ? parent.path.slice(0, -1) : `${parent.path}/`;
  if (!child.path.startsWith(start)) return false;
  return child.glob(evaluation) !== undefined || matchesGlob(glob, child.path, evaluation);
}

export function parseUrlPattern(value: CborValue): UrlPattern {
  return urlPattern(asText(value, "a UrlPattern"));
}
