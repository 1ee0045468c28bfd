import assert from "node:assert/strict";
import { decode } from "../../../src/cbor/decode.ts";
import { encode } from "../../../src/cbor/encode.ts";
import { isStack, parseStack } from "../../../src/warrant/parse.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import type { Warrant } from "../../../src/warrant/warrant.ts";
import { readVectors } from "../../conformance/vectors.ts";
import { CHAINS, NOW, READ, TRUST, WORDS } from "../fixture.ts";
import { mutateCbor } from "../mutate-cbor.ts";
import { forged, outcome, settle, type Target } from "../target.ts";

interface WireVectors {
  readonly vectors: readonly { readonly bytes: { readonly base64url?: string } }[];
}

/** Bytes of the warrant header, never signed anew: only the chains as they were signed may be allowed. */
export const warrant: Target = {
  name: "warrant",
  maxBytes: 65_536,
  seeds: () => [
    ...CHAINS.map(({ bytes }) => bytes),
    ...readVectors<WireVectors>("wire").vectors.map(({ bytes }) =>
      Buffer.from(bytes.base64url ?? "", "base64url"),
    ),
  ],
  mutate: (input, random, other) => mutateCbor(input, random, other, WORDS),
  run: (input) => {
    const parsed = settle(parseStack(input));
    if (!isStack(parsed))
      return outcome(parsed.detail, () => assert.equal(parsed.refused, "invalid_warrant"));
    const signed = CHAINS[parsed.length - 1];
    const call = { ...READ, proof: forged(() => signed?.proof(READ)) };
    const { refused, ...facts } = settle(verifyCall(parsed, call, TRUST, NOW));
    return outcome("detail" in facts ? facts.detail : "allowed", () => {
      assert.deepEqual(plain(encode(decode(input))), plain(input), "has two spellings");
      for (const { payload } of parsed) {
        const value = decode(plain(payload));
        assert.deepEqual(decode(plain(encode(value))), value, "is another value once written");
      }
      if (refused === undefined) assert.deepEqual(parsed.map(envelopeOf), signed?.stack.map(envelopeOf));
    });
  },
};

/** Comparisons tell a Buffer from the same bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes);
}

function envelopeOf({ payload, signature }: Warrant): readonly Uint8Array[] {
  return [plain(payload), plain(signature)];
}
