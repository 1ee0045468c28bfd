import { CborError, decode } from "../cbor/decode.ts";
import { type CborValue, isBytes } from "../cbor/value.ts";
import { SIGNATURE_BYTES } from "../crypto/ed25519.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Steps } from "../steps.ts";
import { type Room, roomForConstraints } from "./constraint/index.ts";
import {
  MAX_CHAIN_LENGTH,
  MAX_ITEMS,
  MAX_STACK_BYTES,
  MAX_STACK_ITEMS,
  MAX_WARRANT_BYTES,
} from "./limits.ts";
import { asArray, Malformed } from "./malformed.ts";
import { parseAlgorithmPair, parsePayload } from "./payload.ts";
import { refuse, type WarrantRefusal } from "./refusal.ts";
import type { Stack, Warrant } from "./warrant.ts";

export const ENVELOPE_VERSION = 1n;

/**
 * Reads a single warrant or a stack of them (wire format §1, §2). No signature is judged yet.
 *
 * @param maxChainLength warrants in the longest stack to read
 * @returns `invalid_warrant` for anything else; never throws, in time linear in the input.
 */
export function* parseStack(
  bytes: Uint8Array,
  maxChainLength = MAX_CHAIN_LENGTH,
): Steps<Stack | WarrantRefusal> {
  try {
    return yield* readStack(bytes, maxChainLength);
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed)
      return refuse("invalid_warrant", error.message);
    throw error;
  }
}

/** Tells a stack as it was parsed from a refusal, or from a chain that was proven before. */
export function isStack(parsed: Stack | object): parsed is Stack {
  return Array.isArray(parsed);
}

function* readStack(bytes: Uint8Array, maxChainLength: number): Steps<Stack> {
  if (bytes.length > MAX_STACK_BYTES)
    throw new Malformed(`the stack is larger than ${MAX_STACK_BYTES} bytes`);
  const items = asArray(decode(bytes, MAX_STACK_ITEMS), "the warrant");
  const room = roomForConstraints();
  // The outer length says nothing: a stack of three starts like a single warrant. Its first element tells.
  if (typeof items[0] === "bigint") {
    return [yield* readEnvelope(items, room)];
  }
  const [root, ...rest] = items;
  if (root === undefined) throw new Malformed("the stack is empty");
  if (items.length > maxChainLength)
    throw new Malformed(`the chain is longer than ${maxChainLength} warrants`);
  const stack: [Warrant, ...Warrant[]] = [yield* readEnvelope(root, room)];
  for (const item of rest) stack.push(yield* readEnvelope(item, room));
  return stack;
}

/** Bytes of an envelope around a payload: heads of two arrays and two byte strings, version, algorithm, signature. */
const ENVELOPE_BYTES = 1 + 1 + 3 + 1 + 1 + 2 + SIGNATURE_BYTES;

function* readEnvelope(value: CborValue, room: Room): Steps<Warrant> {
  const envelope = asArray(value, "a warrant");
  if (envelope.length !== 3) throw new Malformed("a warrant doesn't have three elements");
  const [version, payload, signature] = envelope;
  if (version !== ENVELOPE_VERSION) throw new Malformed("the envelope version isn't 1");
  if (!isBytes(payload)) throw new Malformed("the payload isn't a byte string");
  if (payload.length + ENVELOPE_BYTES > MAX_WARRANT_BYTES) {
    throw new Malformed(`the warrant is larger than ${MAX_WARRANT_BYTES} bytes`);
  }
  const items = decode(payload, MAX_ITEMS);
  yield;
  const fields = yield* parsePayload(items, room);
  yield;
  return Object.freeze({
    ...fields,
    payload,
    payloadHash: sha256(payload),
    signature: parseAlgorithmPair(signature, SIGNATURE_BYTES, "the signature"),
  });
}
