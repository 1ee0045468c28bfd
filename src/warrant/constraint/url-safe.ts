import type { CborValue } from "../../cbor/value.ts";
import { type Evaluation, once } from "../../evaluation.ts";
import type { Value } from "../../value.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { type DomainList, domainList } from "./domain-list.ts";
import { isExact } from "./exact.ts";
import { type AddressUse, addressOfHost, isAmbiguousQuad, usesOf } from "./special-addresses.ts";
import { parseUrl } from "./url.ts";
import {
  DEFAULTS,
  describeSettings,
  parseSettings,
  type UrlSafeSettings,
  writeSettings,
} from "./url-safe-settings.ts";

/** A URL whose host isn't, by its spelling, inside one's own network. No name is looked up. */
export interface UrlSafe extends Constraint {
  readonly kind: "UrlSafe";
  readonly settings: UrlSafeSettings;
  /** The lists of domains, read on first use; undefined when one has an entry that isn't a domain. */
  domains(evaluation: Evaluation): Domains | undefined;
}

interface Domains {
  readonly allowed: DomainList | undefined;
  readonly denied: DomainList | undefined;
}

const BLOCKS = [
  "blockPrivate",
  "blockLoopback",
  "blockMetadata",
  "blockReserved",
  "blockInternalTlds",
] as const;
const BLOCKED_BY: Readonly<Record<AddressUse, (typeof BLOCKS)[number]>> = {
  private: "blockPrivate",
  loopback: "blockLoopback",
  metadata: "blockMetadata",
  reserved: "blockReserved",
};

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "localhost.localdomain"]);
const METADATA_NAMES: ReadonlySet<string> = new Set(["metadata.google.internal", "metadata.goog"]);
const INTERNAL_TLDS = /(?:^|\.)(?:internal|local|localhost|lan|corp|home|svc|default)$/;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
  ["ws:", 80],
  ["wss:", 443],
  ["ftp:", 21],
]);

/** Steps of judging an address. */
const ADDRESS_EFFORT = 250;

export function urlSafe(choices: Partial<UrlSafeSettings>): UrlSafe {
  const settings: UrlSafeSettings = { ...DEFAULTS, ...choices };
  const compiled = once((evaluation) => compile(settings, evaluation));

  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    if (typeof argument !== "string") return "no_match";
    const { schemes, ports, domains } = compiled(evaluation);
    if (domains === undefined) return "error";
    if (argument.includes("\0")) return "no_match";
    const url = parseUrl(argument, evaluation);
    if (url === undefined || !schemes.has(url.protocol) || !allowsPort(ports, url)) return "no_match";
    const host = hostOf(url);
    if (host === "" || host.endsWith(".") || isBlocked(host, settings, evaluation)) return "no_match";
    if (domains.allowed !== undefined && !domains.allowed.covers(host, evaluation)) return "no_match";
    return outcome(domains.denied === undefined || !domains.denied.covers(host, evaluation));
  };

  return Object.freeze({
    kind: "UrlSafe",
    type: 18,
    failsOn: (evaluation: Evaluation) =>
      compiled(evaluation).domains === undefined ? "anything" : "nothing",
    settings,
    domains: (evaluation: Evaluation) => compiled(evaluation).domains,
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      if (!isUrlSafe(child)) return false;
      const { schemes, ports, domains } = compiled(evaluation);
      const narrower = child.domains(evaluation);
      if (domains === undefined || narrower === undefined) return false;
      evaluation.spend(
        COMPARE_EFFORT * (1 + child.settings.schemes.length + (child.settings.allowPorts?.length ?? 0)),
      );
      return (
        child.settings.schemes.every((scheme) => schemes.has(`${scheme.toLowerCase()}:`)) &&
        BLOCKS.every((block) => child.settings[block] || !settings[block]) &&
        (ports === undefined || child.settings.allowPorts?.every((port) => ports.has(port)) === true) &&
        narrowsDomains(narrower, domains, evaluation)
      );
    },
    describe: () => `UrlSafe(${describeSettings(settings)})`,
    toCbor: () => writeSettings(settings),
  });
}

/** Steps of comparing one scheme or port. */
const COMPARE_EFFORT = 5;

function isUrlSafe(constraint: Constraint): constraint is UrlSafe {
  return constraint.kind === "UrlSafe";
}

interface Compiled {
  /** With their colons, in lower case. */
  readonly schemes: ReadonlySet<string>;
  readonly ports: ReadonlySet<number> | undefined;
  readonly domains: Domains | undefined;
}

/** Left to the judgement that needs it, so that reading a stranger's warrant stays cheap. */
function compile(settings: UrlSafeSettings, evaluation: Evaluation): Compiled {
  const { schemes, allowPorts } = settings;
  evaluation.spend(COMPARE_EFFORT * (schemes.length + (allowPorts?.length ?? 0)));
  return {
    schemes: new Set(schemes.map((scheme) => `${scheme.toLowerCase()}:`)),
    ports: allowPorts && new Set(allowPorts),
    domains: compileDomains(settings, evaluation),
  };
}

function allowsPort(ports: Compiled["ports"], url: URL): boolean {
  const port = url.port === "" ? DEFAULT_PORTS.get(url.protocol) : Number(url.port);
  return ports === undefined || port === undefined || ports.has(port);
}

function compileDomains(
  { allowDomains, denyDomains }: UrlSafeSettings,
  evaluation: Evaluation,
): Domains | undefined {
  const allowed = allowDomains && domainList(allowDomains, evaluation);
  const denied = denyDomains && domainList(denyDomains, evaluation);
  const isInvalid = (allowDomains && allowed === undefined) || (denyDomains && denied === undefined);
  return isInvalid ? undefined : { allowed, denied };
}

/** Each host allowed by the child is allowed by the parent; each denied by the parent is denied by the child. */
function narrowsDomains(child: Domains, parent: Domains, evaluation: Evaluation): boolean {
  const { allowed, denied } = parent;
  return (
    (allowed === undefined || (child.allowed !== undefined && allowed.includes(child.allowed, evaluation))) &&
    (denied === undefined || child.denied?.includes(denied, evaluation) === true)
  );
}

/** Decoded, which matters for schemes whose hosts are opaque, in lower case, without the dot of the root. */
function hostOf({ hostname }: URL): string {
  const decoded = hostname.includes("%") ? percentDecode(hostname) : hostname;
  return decoded.toLowerCase().replace(/\.$/, "");
}

function isBlocked(host: string, settings: UrlSafeSettings, evaluation: Evaluation): boolean {
  if (settings.blockLoopback && LOOPBACK_NAMES.has(host)) return true;
  if (settings.blockInternalTlds && INTERNAL_TLDS.test(host)) return true;
  if (settings.blockMetadata && METADATA_NAMES.has(host)) return true;
  const address = addressOfHost(host);
  if (address === undefined) return isAmbiguousQuad(host);
  evaluation.spend(ADDRESS_EFFORT);
  return [...usesOf(address)].some((use) => settings[BLOCKED_BY[use]]);
}

/** Bytes that aren't UTF-8 become U+FFFD, which is in no list. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

export function parseUrlSafe(value: CborValue): UrlSafe {
  return urlSafe(parseSettings(value));
}
