import { readFileSync } from "node:fs";
import { CborError, decode } from "../../src/cbor/decode.ts";
import { type Constraint, parseConstraint } from "../../src/warrant/constraint/index.ts";
import { Malformed } from "../../src/warrant/malformed.ts";

/** Reads a file of test/vectors. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T;
}

/** A constraint from the hex of its CBOR; undefined where a warrant with it can't be read. */
export function readConstraint(hex: string): Constraint | undefined {
  try {
    return parseConstraint(decode(Buffer.from(hex, "hex")));
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed) return undefined;
    throw error;
  }
}
