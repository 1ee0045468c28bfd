import type { Evaluation } from "../evaluation.ts";
import { containsAddress, type IpAddress, ipNetwork, parseIpAddress, parseIpNetwork } from "../ip-address.ts";
import { type CelFunction, plain } from "./function.ts";
import { formatTimestamp, parseTimestamp } from "./time.ts";
import type { CelValue, Timestamp } from "./value.ts";

/** In these functions bad input isn't an error: a time or an address that can't be read is simply not so. */
export const TENUO_FUNCTIONS: readonly (readonly [string, CelFunction])[] = [
  ["time_now", plain(1, (_, evaluation) => formatTimestamp(now(evaluation)))],
  ["time_is_expired", plain(1, ([text], evaluation) => isExpired(text, evaluation))],
  ["time_since", plain(1, ([text], evaluation) => secondsSince(text, evaluation))],
  ["net_in_cidr", plain(2, ([address, network], evaluation) => isInNetwork(address, network, evaluation))],
  ["net_is_private", plain(1, ([address], evaluation) => isPrivate(address, evaluation))],
];

const NANOS_A_SECOND = 1_000_000_000n;

function now(evaluation: Evaluation): Timestamp {
  const nanos = BigInt(Math.trunc(evaluation.now * 1000)) * 1_000_000n;
  return { kind: "timestamp", nanos, offsetMinutes: 0 };
}

function timeOf(text: CelValue | undefined, evaluation: Evaluation): Timestamp | undefined {
  return typeof text === "string" ? parseTimestamp(text, evaluation) : undefined;
}

function isExpired(text: CelValue | undefined, evaluation: Evaluation): boolean {
  const time = timeOf(text, evaluation);
  return time !== undefined && time.nanos < now(evaluation).nanos;
}

/** Negative for a time to come, 0 for one that can't be read. */
function secondsSince(text: CelValue | undefined, evaluation: Evaluation): bigint {
  const time = timeOf(text, evaluation);
  return time === undefined ? 0n : (now(evaluation).nanos - time.nanos) / NANOS_A_SECOND;
}

/** Steps of reading an address or a network. */
const ADDRESS_EFFORT = 200;

function addressOf(text: CelValue | undefined, evaluation: Evaluation): IpAddress | undefined {
  evaluation.spend(ADDRESS_EFFORT);
  return typeof text === "string" ? parseIpAddress(text) : undefined;
}

function isInNetwork(
  address: CelValue | undefined,
  network: CelValue | undefined,
  evaluation: Evaluation,
): boolean {
  const parsed = addressOf(address, evaluation);
  if (parsed === undefined || typeof network !== "string") return false;
  evaluation.spend(ADDRESS_EFFORT + network.length / 4);
  const container = parseIpNetwork(network);
  return container !== undefined && containsAddress(container, parsed);
}

/** RFC 1918 and the unique local addresses of IPv6; nothing that is merely local, such as loopback. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map(ipNetwork);

function isPrivate(text: CelValue | undefined, evaluation: Evaluation): boolean {
  const address = addressOf(text, evaluation);
  return address !== undefined && PRIVATE.some((network) => containsAddress(network, address));
}
