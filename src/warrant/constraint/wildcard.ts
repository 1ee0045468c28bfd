import type { CborValue } from "../../cbor/value.ts";
import { Malformed } from "../malformed.ts";
import type { Constraint } from "./constraint.ts";

/** Any value, but the argument has to be there. The widest parent there is. */
export const wildcard: Constraint = Object.freeze({
  kind: "Wildcard",
  type: 16,
  failsOn: () => "nothing",
  matches: () => "match",
  permits: () => true,
  describe: () => "Wildcard",
  toCbor: () => null,
});

export function parseWildcard(value: CborValue): Constraint {
  if (value !== null && value !== undefined) throw new Malformed("a Wildcard carries a value");
  return wildcard;
}
