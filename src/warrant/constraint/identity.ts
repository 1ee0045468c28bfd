import { encode } from "../../cbor/encode.ts";
import type { Evaluation } from "../../evaluation.ts";
import type { Constraint } from "./constraint.ts";

/**
 * Whether two constraints are written alike, so that they come to the same result on every argument.
 *
 * @throws {TooCostly} when telling would take more effort than is left.
 */
export function isIdentical(a: Constraint, b: Constraint, evaluation: Evaluation): boolean {
  if (a === b) return true;
  if (a.type !== b.type) return false;
  return Buffer.compare(write(a, evaluation), write(b, evaluation)) === 0;
}

/** Steps of writing a constraint, and each byte of it; a warrant has 65,536 bytes at most. */
const WRITE_EFFORT = 50;
const BYTE_EFFORT = 5;

function write(constraint: Constraint, evaluation: Evaluation): Uint8Array {
  const bytes = encode(constraint.toCbor());
  evaluation.spend(WRITE_EFFORT + BYTE_EFFORT * bytes.length);
  return bytes;
}
