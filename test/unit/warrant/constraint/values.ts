import fc from "fast-check";
import { decode } from "../../../../src/cbor/decode.ts";
import { encode } from "../../../../src/cbor/encode.ts";
import type { Value } from "../../../../src/value.ts";
import {
  type Constraint,
  parseConstraint,
  writeConstraint,
} from "../../../../src/warrant/constraint/index.ts";

/** Few values, so that lists of them overlap; some that only look alike. */
export const member: fc.Arbitrary<Value> = fc.constantFrom<Value>(
  "a",
  "b",
  "1",
  1n,
  1,
  0,
  -0,
  NaN,
  null,
  true,
  [],
  ["a"],
  [["a"]],
  new Map([["a", 1n]]),
);

/** The constraint as it comes out of a warrant it was written to. */
export function rewritten(constraint: Constraint): Constraint {
  return parseConstraint(decode(encode(writeConstraint(constraint))));
}
