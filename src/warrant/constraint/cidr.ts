import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import {
  containsAddress,
  containsNetwork,
  type IpNetwork,
  MAX_ADDRESS_LENGTH,
  parseIpAddress,
  parseIpNetwork,
} from "../../ip-address.ts";
import type { Value } from "../../value.ts";
import { asText, Malformed } from "../malformed.ts";
import { type Constraint, type Outcome, outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";

/** An IP address of a network, as text. Other text can't be evaluated. */
export interface Cidr extends Constraint {
  readonly kind: "Cidr";
  readonly network: IpNetwork;
}

/** @throws {Malformed} when the text isn't a network. */
export function cidr(text: string): Cidr {
  const network = parseIpNetwork(text);
  if (network === undefined) throw new Malformed("a Cidr that isn't an IP network");

  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    if (typeof argument !== "string") return "no_match";
    evaluation.spend(PARSE_EFFORT + 3 * Math.min(argument.length, MAX_ADDRESS_LENGTH));
    const address = parseIpAddress(argument);
    return address === undefined ? "error" : outcome(containsAddress(network, address));
  };

  return Object.freeze({
    kind: "Cidr",
    type: 8,
    failsOn: () => "non_addresses",
    network,
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      evaluation.spend(COMPARE_EFFORT);
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      return isCidr(child) && containsNetwork(network, child.network);
    },
    describe: () => `Cidr(${text})`,
    toCbor: () => text,
  });
}

/** Steps of reading an address, beside three for each character. */
const PARSE_EFFORT = 20;
/** Steps of comparing two networks. */
const COMPARE_EFFORT = 8;

function isCidr(constraint: Constraint): constraint is Cidr {
  return constraint.kind === "Cidr";
}

export function parseCidr(value: CborValue): Cidr {
  return cidr(asText(value, "a Cidr"));
}
