/** The octets of an address: 4 for IPv4, 16 for IPv6. */
export type IpAddress = readonly number[];

/** The addresses that share the first `prefix` bits of `address`. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly prefix: number;
}

/** The longest spelling: `0000:0000:0000:0000:0000:ffff:255.255.255.255` */
export const MAX_ADDRESS_LENGTH = 45;
const OCTET = /^(?:0|[1-9]\d{0,2})$/;
const HEXTET = /^[\da-fA-F]{1,4}$/;
const PREFIX = /^\+?\d+$/;

/**
 * Reads one address and nothing around it: no zone, port, bracket, blank or prefix. IPv4 is four decimal octets
 * without leading zeros; IPv6 may end in such a quad.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > MAX_ADDRESS_LENGTH) return undefined;
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) < 256))
    return undefined;
  return octets.map(Number);
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = withoutQuad(text)?.split("::").map(parseHextets);
  if (halves === undefined || halves.length > 2) return undefined;
  const [head, tail = []] = halves;
  if (head === undefined || halves.includes(undefined)) return undefined;
  const zeros = 8 - head.length - tail.length;
  // `::` stands for one hextet at least.
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  const octets = Array<number>(16).fill(0);
  writeHextets(octets, head, 0);
  writeHextets(octets, tail, 16 - 2 * tail.length);
  return octets;
}

function writeHextets(octets: number[], hextets: readonly number[], start: number): void {
  for (const [i, hextet] of hextets.entries()) {
    octets[start + 2 * i] = hextet >> 8;
    octets[start + 2 * i + 1] = hextet & 0xff;
  }
}

/** The text with its last four octets as two hextets, if they are written as a quad. */
function withoutQuad(text: string): string | undefined {
  if (!text.includes(".")) return text;
  const start = text.lastIndexOf(":") + 1;
  const quad = parseIpv4(text.slice(start));
  if (quad === undefined) return undefined;
  const hex = quad.map((octet) => octet.toString(16).padStart(2, "0"));
  return `${text.slice(0, start)}${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
}

function parseHextets(text: string): readonly number[] | undefined {
  const hextets = text === "" ? [] : text.split(":");
  return hextets.every((hextet) => HEXTET.test(hextet))
    ? hextets.map((hextet) => Number.parseInt(hextet, 16))
    : undefined;
}

/** Reads `address`, `address/prefix` or, for IPv4, `address/mask`. Bits behind the prefix may be set. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf("/");
  const address = parseIpAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.length * 8;
  const prefix = slash === -1 ? bits : parsePrefix(text.slice(slash + 1), address);
  return prefix === undefined || prefix > bits ? undefined : { address, prefix };
}

/** A network that the program itself names. @throws {TypeError} when it isn't one */
export function ipNetwork(text: string): IpNetwork {
  const network = parseIpNetwork(text);
  if (network === undefined) throw new TypeError(`${text} isn't a network`);
  return network;
}

function parsePrefix(text: string, { length }: IpAddress): number | undefined {
  if (PREFIX.test(text)) return Number(text);
  const mask = length === 4 ? parseIpAddress(text) : undefined;
  if (mask?.length !== 4) return undefined;
  const bits = mask.map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.lastIndexOf("1") + 1 : undefined;
}

/** An IPv4 address is in no IPv6 network, also where that embeds it, and the reverse. */
export function containsAddress({ address, prefix }: IpNetwork, other: IpAddress): boolean {
  if (address.length !== other.length) return false;
  return address.every((octet, i) => {
    const free = Math.max(0, 8 - Math.max(0, prefix - 8 * i));
    return octet >> free === (other[i] as number) >> free;
  });
}

/** Whether every address of `other` is in `network`. */
export function containsNetwork(network: IpNetwork, other: IpNetwork): boolean {
  return network.prefix <= other.prefix && containsAddress(network, other.address);
}
