import type { Evaluation } from "../../evaluation.ts";
import { parseIpAddress } from "../../ip-address.ts";
import { hostEffort, MAX_HOST_EFFORT, parseUrl } from "./url.ts";

/** Host names, and wildcards `*.x` for `x` and everything below it. */
export interface DomainList {
  readonly names: ReadonlySet<string>;
  /** Without their `*.` */
  readonly wildcards: ReadonlySet<string>;
  covers(host: string, evaluation: Evaluation): boolean;
  /** Whether each entry of the other list is covered here. */
  includes(other: DomainList, evaluation: Evaluation): boolean;
}

const WILDCARD = "*.";
/** What a URL would drop, or end its host at. */
const NOT_IN_A_HOST = /[\0-\x20/\\?#@]/;
/** Names every reading leaves as they are: lower case, not a number at the end, nothing encoded. */
const PLAIN_NAME = /^(?:[a-z\d_-]+\.)*[a-z_][a-z\d_-]*$/;

/**
 * @returns undefined when an entry is neither a host nor `*.` and a name.
 * @throws {TooCostly} when reading them would take more effort than is left.
 */
export function domainList(entries: readonly string[], evaluation: Evaluation): DomainList | undefined {
  const names = new Set<string>();
  const wildcards = new Set<string>();
  let longestWildcard = 0;
  for (const entry of entries) {
    const isWildcard = entry.startsWith(WILDCARD);
    const host = parseHost(isWildcard ? entry.slice(WILDCARD.length) : entry, evaluation);
    if (host === undefined || (isWildcard && isAddress(host))) return undefined;
    (isWildcard ? wildcards : names).add(host);
    if (isWildcard) longestWildcard = Math.max(longestWildcard, host.length);
  }

  const isBelowWildcard = (host: string, evaluation: Evaluation): boolean => {
    let start = Math.max(0, host.length - longestWildcard);
    if (start > 0) start = nextLabel(host, start - 1);
    while (start < host.length) {
      const parent = host.slice(start);
      evaluation.spend(LOOKUP_EFFORT + parent.length / 16);
      if (wildcards.has(parent)) return true;
      start = nextLabel(host, start);
    }
    return false;
  };
  const covers = (host: string, evaluation: Evaluation): boolean => {
    evaluation.spend(LOOKUP_EFFORT + host.length / 16);
    return names.has(host) || isBelowWildcard(host, evaluation);
  };

  return {
    names,
    wildcards,
    covers,
    includes: (other, evaluation) =>
      [...other.names].every((name) => covers(name, evaluation)) &&
      [...other.wildcards].every((name) => isBelowWildcard(name, evaluation)),
  };
}

/** Steps of one look into a set of names. */
const LOOKUP_EFFORT = 5;
/** Steps of reading a plain name, beside one for each two characters. */
const READ_EFFORT = 10;

/** Where the label after the one at `start` begins. */
function nextLabel(host: string, start: number): number {
  const dot = host.indexOf(".", start);
  return dot === -1 ? host.length : dot + 1;
}

/** The host as a URL would have it, without the dot of the root. */
function parseHost(text: string, evaluation: Evaluation): string | undefined {
  evaluation.spend(READ_EFFORT + text.length / 2);
  if (PLAIN_NAME.test(text) && !text.includes("xn--")) return text;
  const isBracketed = text.startsWith("[") && text.endsWith("]");
  if (text === "" || NOT_IN_A_HOST.test(text) || (text.includes(":") && !isBracketed)) return undefined;
  const url = `http://${text}/`;
  const host = hostEffort(url) > MAX_HOST_EFFORT ? "" : (parseUrl(url, evaluation)?.hostname ?? "");
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  return name === "" || name.endsWith(".") || name.includes("*") ? undefined : name;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || parseIpAddress(host) !== undefined;
}
