import { encode } from "../../src/cbor/encode.ts";
import type { CborValue } from "../../src/cbor/value.ts";
import { signMessage } from "../../src/crypto/ed25519.ts";
import { ALGORITHM } from "../../src/warrant/payload.ts";
import { warrantMessage } from "../../src/warrant/signed-message.ts";
import { KEYS } from "./keys.ts";
import type { CaseSpec, Tampering } from "./spec.ts";

/** One signed warrant: what stands in a stack. */
export interface Envelope {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The bytes of the stack, after what the case does to them. */
export function tamper(spec: CaseSpec, chain: readonly Envelope[]): Uint8Array {
  const { tampering } = spec;
  if (tampering === undefined) return encodeStack(chain);
  if ("cut" in tampering) return encodeStack(chain).slice(0, -tampering.cut);
  return encodeStack(rearranged(spec, tampering, chain));
}

function rearranged(
  spec: CaseSpec,
  tampering: Exclude<Tampering, { cut: number }>,
  chain: readonly Envelope[],
): readonly Envelope[] {
  if ("drop" in tampering) return chain.length > 1 ? chain.toSpliced(tampering.drop, 1) : chain;
  if ("swap" in tampering) return exchanged(chain, tampering.swap, (_, other) => other);
  if ("swapSignatures" in tampering) {
    return exchanged(chain, tampering.swapSignatures, (envelope, { signature }) => ({
      ...envelope,
      signature,
    }));
  }
  const { flip, link, bit, resign } = tampering;
  const envelope = chain[link];
  if (envelope === undefined) return chain;
  const flipped = { ...envelope, [flip]: flipBit(envelope[flip], bit) };
  const signer = spec.links[link]?.signer;
  const signature =
    resign && signer !== undefined
      ? signMessage(KEYS[signer], warrantMessage(flipped.payload))
      : flipped.signature;
  return chain.with(link, { ...flipped, signature });
}

function exchanged(
  chain: readonly Envelope[],
  [first, second]: readonly [number, number],
  merge: (envelope: Envelope, other: Envelope) => Envelope,
): readonly Envelope[] {
  const [a, b] = [chain[first], chain[second]];
  return a === undefined || b === undefined
    ? chain
    : chain.with(first, merge(a, b)).with(second, merge(b, a));
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function encodeStack(chain: readonly Envelope[]): Uint8Array {
  const envelopes = chain.map(({ payload, signature }): CborValue => [1n, payload, [ALGORITHM, signature]]);
  return encode(envelopes.length === 1 ? (envelopes[0] as CborValue) : envelopes);
}
