import assert from "node:assert/strict";
import { decode } from "../../../src/cbor/decode.ts";
import { encode } from "../../../src/cbor/encode.ts";
import { isStack, parseStack } from "../../../src/warrant/parse.ts";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { readVectors } from "../../conformance/vectors.ts";
import { CHAINS, NOW, READ, TRUST, WORDS } from "../fixture.ts";
import { mutateCbor } from "../mutate-cbor.ts";
import { settle, type Target } from "../target.ts";

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
    if (!isStack(parsed)) return () => assert.equal(parsed.refused, "invalid_warrant");
    const signed = CHAINS[parsed.length - 1];
    const call = { ...READ, proof: signed?.proof(READ) };
    const { refused } = settle(verifyCall(parsed, call, TRUST, NOW));
    return () => {
      assert.deepEqual(Buffer.from(encode(decode(input))), Buffer.from(input), "has two spellings");
      for (const { payload } of parsed) assert.deepEqual(decode(encode(decode(payload))), decode(payload));
      if (refused === undefined)
        assert.deepEqual(decode(input), decode(signed?.bytes ?? input.subarray(0, 0)));
    };
  },
};
