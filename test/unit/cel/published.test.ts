import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../../src/cbor/decode.ts";
import { Evaluation } from "../../../src/evaluation.ts";
import type { Value } from "../../../src/value.ts";
import { cel, type Outcome } from "../../../src/warrant/constraint/index.ts";
import { readVectors } from "../../conformance/vectors.ts";

/** What the published SDK 0.3.3 says to an expression about an argument. */
interface Vector {
  readonly expression: string;
  /** CBOR in hex. */
  readonly argument: string;
  readonly published: Outcome;
  /** Where we differ. */
  readonly implement?: Outcome;
}

const vectors = readVectors<readonly Vector[]>("cel");

test("expressions come to what they do in the published SDK, or to an error where that is odd", () => {
  assert.ok(vectors.length > 2000);
  for (const { expression, argument, published, implement = published } of vectors) {
    const value = decode(Buffer.from(argument, "hex")) as Value;
    assert.equal(cel(expression).matches(value, new Evaluation(1.8e9)), implement, expression);
  }
});

test("where we differ, we refuse", () => {
  for (const { implement, expression } of vectors)
    assert.ok(implement === undefined || implement === "error", expression);
});
