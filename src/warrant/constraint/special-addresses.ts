import {
  containsAddress,
  type IpAddress,
  type IpNetwork,
  ipNetwork,
  parseIpAddress,
} from "../../ip-address.ts";

/** Why an address may be out of bounds; one address can be so for several reasons. */
export type AddressUse = "loopback" | "metadata" | "private" | "reserved";

interface Range {
  readonly use: AddressUse;
  readonly networks: readonly IpNetwork[];
  readonly except: readonly IpNetwork[];
}

/** Constraints §3.8, after the IANA registries of special-purpose addresses. */
const RANGES: readonly Range[] = [
  // `0.0.0.0` reaches the machine itself; it is reserved, too.
  range("loopback", ["127.0.0.0/8", "0.0.0.0/32", "::1/128"]),
  range("metadata", ["169.254.0.0/16", "100.100.100.200/32", "fd00:ec2::254/128"]),
  range("private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"]),
  range("private", ["64:ff9b:1::/48", "fc00::/7", "fe80::/10", "fec0::/10"]),
  range("reserved", ["0.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "192.88.99.0/24"]),
  range("reserved", ["224.0.0.0/3"]),
  range("reserved", ["192.0.0.0/24"], ["192.0.0.9/32", "192.0.0.10/32"]),
  range("reserved", ["100::/64", "100:0:0:1::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "ff00::/8"]),
  range(
    "reserved",
    ["2001::/23"],
    ["2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/27"],
  ),
];

/** IPv6 networks whose addresses stand for the IPv4 address they hold. */
const EMBEDDINGS: readonly { readonly network: IpNetwork; readonly at: number; readonly inverted?: true }[] =
  [
    { network: ipNetwork("::ffff:0:0/96"), at: 12 },
    { network: ipNetwork("::/96"), at: 12 },
    { network: ipNetwork("64:ff9b::/96"), at: 12 },
    { network: ipNetwork("2002::/16"), at: 2 },
    { network: ipNetwork("2001::/32"), at: 12, inverted: true },
  ];

/** What an address is used for, and what the IPv4 address in it is. */
export function usesOf(address: IpAddress): ReadonlySet<AddressUse> {
  const readings = [address, ...embeddedIn(address)];
  const isIn = (networks: readonly IpNetwork[], reading: IpAddress): boolean =>
    networks.some((network) => containsAddress(network, reading));
  const applying = RANGES.filter(({ networks, except }) =>
    readings.some((reading) => isIn(networks, reading) && !isIn(except, reading)),
  );
  return new Set(applying.map(({ use }) => use));
}

function embeddedIn(address: IpAddress): readonly IpAddress[] {
  return EMBEDDINGS.filter(({ network }) => containsAddress(network, address)).map(({ at, inverted }) => {
    const octets = address.slice(at, at + 4);
    return inverted ? octets.map((octet) => octet ^ 0xff) : octets;
  });
}

/**
 * The address a host spells: IPv4, IPv6 in brackets, or IPv4 as one decimal or hexadecimal number. Octets may have
 * leading zeros as long as octal and decimal are the same.
 *
 * @param host percent-decoded, in lower case, without a dot at its end
 */
export function addressOfHost(host: string): IpAddress | undefined {
  if (host.startsWith("[") && host.endsWith("]")) return parseIpAddress(host.slice(1, -1));
  if (/^(?:\d+|0x[\da-f]+)$/.test(host)) return toOctets(Number(host));
  const labels = host.length < 64 ? host.split(".") : [];
  return parseIpAddress(labels.map((label) => label.replace(/^0+(?=[0-7]$)/, "")).join("."));
}

/** Four numbers, of which one has a leading zero: octal to some readers, decimal to others. */
export function isAmbiguousQuad(host: string): boolean {
  return /^\d+(?:\.\d+){3}$/.test(host) && /(?:^|\.)0\d/.test(host);
}

function toOctets(number: number): IpAddress | undefined {
  return number < 2 ** 32 ? [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff) : undefined;
}

function range(use: AddressUse, networks: readonly string[], except: readonly string[] = []): Range {
  return { use, networks: networks.map(ipNetwork), except: except.map(ipNetwork) };
}
