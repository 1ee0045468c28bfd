import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import type { CborMap, CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signMessage } from "../../src/crypto/ed25519.ts";

/** Keys of a warrant's payload. */
export const PAYLOAD_TOOLS = 3n;
const PAYLOAD_EXPIRES_AT = 7n;

type Envelope = [version: bigint, payload: Uint8Array, signature: CborValue];

/**
 * A warrant or stack whose last payload was changed and signed again, as a dishonest holder would. No SDK makes
 * these.
 */
export function reissue(
  text: string,
  signer: SigningKey,
  edit: (payload: Map<bigint | string, CborValue>) => void,
): string {
  return editLast(text, ([version, bytes]) => {
    const payload = new Map(decode(bytes) as CborMap);
    edit(payload);
    const changed = encode(payload);
    const message = Buffer.concat([Buffer.from("tenuo-warrant-v1"), Buffer.from([Number(version)]), changed]);
    return [version, changed, [1n, signMessage(signer, message)]];
  });
}

/** A warrant that was made to last longer, or whose signature has one bit flipped, without signing again. */
export function tamper(text: string, part: "payload" | "signature"): string {
  return editLast(text, ([version, bytes, signature]) => {
    const [algorithm, signatureBytes] = signature as [bigint, Uint8Array];
    if (part === "signature") return [version, bytes, [algorithm, flipLastBit(signatureBytes)]];
    const payload = new Map(decode(bytes) as CborMap);
    payload.set(PAYLOAD_EXPIRES_AT, (payload.get(PAYLOAD_EXPIRES_AT) as bigint) + 3600n);
    return [version, encode(payload), signature];
  });
}

function flipLastBit(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

function editLast(text: string, edit: (envelope: Envelope) => Envelope): string {
  const value = decode(Buffer.from(text, "base64")) as readonly CborValue[];
  const isStack = Array.isArray(value[0]);
  const envelopes = (isStack ? value : [value]) as readonly Envelope[];
  const last = envelopes.at(-1);
  if (last === undefined) throw new Error("an empty stack");
  const changed = [...envelopes.slice(0, -1), edit(last)];
  return Buffer.from(encode(isStack ? changed : (changed[0] ?? []))).toString("base64url");
}
