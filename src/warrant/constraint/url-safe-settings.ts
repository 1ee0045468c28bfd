import type { CborValue } from "../../cbor/value.ts";
import { asArray, asBoolean, asStruct, asText, asUnsigned } from "../malformed.ts";

/** What a UrlSafe is told; an absent list means no rule, an empty one that nothing is allowed or denied. */
export interface UrlSafeSettings {
  readonly schemes: readonly string[];
  /** Hosts, or `*.x` for `x` and everything below it. */
  readonly allowDomains: readonly string[] | undefined;
  /** They beat the allowed ones. */
  readonly denyDomains: readonly string[] | undefined;
  readonly allowPorts: readonly number[] | undefined;
  readonly blockPrivate: boolean;
  readonly blockLoopback: boolean;
  readonly blockMetadata: boolean;
  readonly blockReserved: boolean;
  readonly blockInternalTlds: boolean;
}

export const DEFAULTS: UrlSafeSettings = {
  schemes: ["http", "https"],
  allowDomains: undefined,
  denyDomains: undefined,
  allowPorts: undefined,
  blockPrivate: true,
  blockLoopback: true,
  blockMetadata: true,
  blockReserved: true,
  blockInternalTlds: false,
};

/** Members of the wire form, all of them optional. */
const MEMBERS = [
  "schemes",
  "allow_domains",
  "deny_domains",
  "allow_ports",
  "block_private",
  "block_loopback",
  "block_metadata",
  "block_reserved",
  "block_internal_tlds",
] as const;
type Member = (typeof MEMBERS)[number];

export function parseSettings(value: CborValue): UrlSafeSettings {
  const members: { readonly [M in Member]?: CborValue } = asStruct(value, "a UrlSafe", [], MEMBERS);
  const nameOf = (member: Member): string => `\`${member}\` of a UrlSafe`;
  const flag = (member: Member, absent: boolean): boolean =>
    member in members ? asBoolean(members[member], nameOf(member)) : absent;
  const texts = (member: Member): readonly string[] =>
    asArray(members[member], nameOf(member)).map((each) => asText(each, `an entry of ${nameOf(member)}`));
  const isAbsent = (member: Member): boolean => members[member] === undefined || members[member] === null;

  return {
    schemes: "schemes" in members ? texts("schemes") : DEFAULTS.schemes,
    allowDomains: isAbsent("allow_domains") ? undefined : texts("allow_domains"),
    denyDomains: isAbsent("deny_domains") ? undefined : texts("deny_domains"),
    allowPorts: isAbsent("allow_ports")
      ? undefined
      : asArray(members.allow_ports, nameOf("allow_ports")).map((port) =>
          asUnsigned(port, 65_535, `an entry of ${nameOf("allow_ports")}`),
        ),
    blockPrivate: flag("block_private", DEFAULTS.blockPrivate),
    blockLoopback: flag("block_loopback", DEFAULTS.blockLoopback),
    blockMetadata: flag("block_metadata", DEFAULTS.blockMetadata),
    blockReserved: flag("block_reserved", DEFAULTS.blockReserved),
    blockInternalTlds: flag("block_internal_tlds", DEFAULTS.blockInternalTlds),
  };
}

export function writeSettings(settings: UrlSafeSettings): CborValue {
  return new Map<string, CborValue>([
    ["schemes", settings.schemes],
    ["allow_domains", settings.allowDomains ?? null],
    ["deny_domains", settings.denyDomains ?? null],
    ["allow_ports", settings.allowPorts?.map(BigInt) ?? null],
    ["block_private", settings.blockPrivate],
    ["block_loopback", settings.blockLoopback],
    ["block_metadata", settings.blockMetadata],
    ["block_reserved", settings.blockReserved],
    ["block_internal_tlds", settings.blockInternalTlds],
  ]);
}

/** What differs from the defaults, in the words of the wire form. */
export function describeSettings(settings: UrlSafeSettings): string {
  const list = (member: Member, entries: readonly (string | number)[] | undefined): string =>
    entries === undefined ? "" : `${member}=[${entries.join(", ")}]`;
  const parts = [
    isDefault(settings.schemes) ? "" : list("schemes", settings.schemes),
    list("allow_domains", settings.allowDomains),
    list("deny_domains", settings.denyDomains),
    list("allow_ports", settings.allowPorts),
    settings.blockPrivate ? "" : "block_private=false",
    settings.blockLoopback ? "" : "block_loopback=false",
    settings.blockMetadata ? "" : "block_metadata=false",
    settings.blockReserved ? "" : "block_reserved=false",
    settings.blockInternalTlds ? "block_internal_tlds=true" : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function isDefault(schemes: readonly string[]): boolean {
  return (
    schemes.length === DEFAULTS.schemes.length && schemes.every((each, i) => each === DEFAULTS.schemes[i])
  );
}
