import assert from "node:assert/strict";
import { verifyCall } from "../../../src/warrant/verify.ts";
import { CHAINS, type Chain, NOW, READ, TRUST } from "../fixture.ts";
import { mutateBytes } from "../mutate.ts";
import { outcome, settle, type Target } from "../target.ts";

const [chain] = CHAINS as readonly [Chain];
const signature = Buffer.from(chain.proof(READ), "base64url");
const SPELLINGS: ReadonlySet<string> = new Set([
  signature.toString("base64url"),
  signature.toString("base64"),
]);

/** Text of the proof header: one signature, in the two spellings of Base64. */
export const proof: Target = {
  name: "proof",
  maxBytes: 1024,
  seeds: () => [...SPELLINGS, ""].map((text) => Buffer.from(text)),
  mutate: (input, random, other) => {
    const inside = Buffer.from(Buffer.from(input).toString("latin1"), "base64url");
    if (random.chance(0.5))
      return mutateBytes(input, random, other, ["=", "==", "-", "_", "+", "/", " ", "\t"]);
    const changed = Buffer.from(mutateBytes(inside, random, Buffer.from(other)));
    return Buffer.from(changed.toString(random.pick(["base64", "base64url"])));
  },
  run: (input) => {
    const text = Buffer.from(input).toString("latin1");
    const { refused } = settle(verifyCall(chain.stack, { ...READ, proof: text }, TRUST, NOW));
    return outcome(refused ?? "allowed", () => {
      if (refused === undefined) assert.ok(SPELLINGS.has(text), "allowed with another proof");
      else assert.ok(text === "" ? refused === "missing_pop" : refused === "invalid_pop", refused);
    });
  },
};
