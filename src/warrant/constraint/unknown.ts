import { decode } from "../../cbor/decode.ts";
import { encode } from "../../cbor/encode.ts";
import type { CborValue } from "../../cbor/value.ts";
import type { Constraint } from "./constraint.ts";

/** A kind that isn't known here. It is carried along, and denies wherever it is asked. */
export function unknown(type: number, value: CborValue): Constraint {
  // As bytes of its own, since a value of many small parts takes a hundred times as much.
  const bytes = new Uint8Array(encode(value));
  return Object.freeze({
    kind: "Unknown",
    type,
    failsOn: () => "anything",
    matches: () => "unknown",
    permits: () => false,
    describe: () => `Unknown(${type})`,
    toCbor: () => decode(bytes),
  });
}
