import type { CborValue } from "../../cbor/value.ts";
import type { Constraint } from "./constraint.ts";

/** A kind that isn't known here. It is carried along, and denies wherever it is asked. */
export function unknown(type: number, value: CborValue): Constraint {
  return Object.freeze({
    kind: "Unknown",
    type,
    failsOn: () => "anything",
    matches: () => "unknown",
    permits: () => false,
    describe: () => `Unknown(${type})`,
    toCbor: () => value,
  });
}
