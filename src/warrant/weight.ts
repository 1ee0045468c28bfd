import { decode } from "../cbor/decode.ts";
import { type CborValue, isArray, isBytes, isMap } from "../cbor/value.ts";
import { KEPT_BYTES } from "../evaluation.ts";
import { APPROVAL_GATES } from "./approval/gate.ts";
import { KEY } from "./payload.ts";
import { leafOf, type Stack } from "./warrant.ts";

// What things take on the heap of 64-bit Node at most; a test measures it again.

const CHAIN_BYTES = 2_000;
const LINK_BYTES = 350;
const APPROVER_BYTES = 500;
const SCALAR_BYTES = 56;
const MAP_BYTES = 200;
/** A constraint of any kind, beside the values it is made of. */
const CONSTRAINT_BYTES = 560;
/** Regex and Cel, which keep what they compile. */
const COMPILED_TYPES: ReadonlySet<bigint> = new Set([5n, 15n]);
/** A text may be kept a second time, normalized, and take two bytes for each of a character. */
const COPIES_OF_TEXT = 6;

/** What a chain takes in memory once it is proven, in bytes; rather more than less. */
export function weightOf(stack: Stack): number {
  const leaf = leafOf(stack);
  const payload = decode(leaf.payload);
  const gates = leaf.gates === "malformed" ? undefined : leaf.extensions.get(APPROVAL_GATES);
  return (
    CHAIN_BYTES +
    LINK_BYTES * stack.length +
    APPROVER_BYTES * leaf.requiredApprovers.length +
    weigh(isMap(payload) ? payload.get(KEY.tools) : undefined) +
    (gates === undefined || gates.length === 0 ? 0 : weigh(decode(gates))) +
    weigh(leaf.sessionId) +
    weigh(leaf.agentId)
  );
}

function weigh(value: CborValue): number {
  if (typeof value === "string") return SCALAR_BYTES + COPIES_OF_TEXT * Buffer.byteLength(value);
  if (isBytes(value)) return SCALAR_BYTES + value.length;
  if (isMap(value)) {
    let weight = MAP_BYTES;
    for (const [name, member] of value) weight += weigh(name) + weigh(member);
    return weight;
  }
  if (!isArray(value)) return SCALAR_BYTES;
  let weight = SCALAR_BYTES;
  // A constraint is a pair of its type and its value.
  if (value.length === 2 && typeof value[0] === "bigint") {
    weight += CONSTRAINT_BYTES + (COMPILED_TYPES.has(value[0]) ? KEPT_BYTES : 0);
  }
  for (const item of value) weight += weigh(item);
  return weight;
}
