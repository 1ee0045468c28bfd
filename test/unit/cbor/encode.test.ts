import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { decode } from "../../../src/cbor/decode.ts";
import { encode, encodeInSteps } from "../../../src/cbor/encode.ts";
import type { CborValue } from "../../../src/cbor/value.ts";
import { compareText } from "../../../src/text-order.ts";

const hexOf = (value: CborValue) => Buffer.from(encode(value)).toString("hex");

test("integers take the shortest head", () => {
  const heads: readonly [bigint, string][] = [
    [0n, "00"],
    [23n, "17"],
    [24n, "1818"],
    [255n, "18ff"],
    [256n, "190100"],
    [65535n, "19ffff"],
    [65536n, "1a00010000"],
    [4294967295n, "1affffffff"],
    [4294967296n, "1b0000000100000000"],
    [-1n, "20"],
    [-24n, "37"],
    [-25n, "3818"],
    [-9223372036854775808n, "3b7fffffffffffffff"],
  ];
  for (const [value, bytes] of heads) assert.equal(hexOf(value), bytes);
});

test("floats take the shortest width that keeps them, and stay floats", () => {
  const floats: readonly [number, string][] = [
    [0.5, "f93800"],
    [1, "f93c00"],
    [-0, "f98000"],
    [NaN, "f97e00"],
    [Infinity, "f97c00"],
    [65504, "f97bff"],
    [65505, "fa477fe100"],
    [0.1, "fb3fb999999999999a"],
  ];
  for (const [value, bytes] of floats) assert.equal(hexOf(value), bytes);
});

test("keys are sorted by their UTF-8 bytes, not by length and not by UTF-16 units", () => {
  assert.equal(
    hexOf(
      new Map([
        ["b", 1n],
        ["aa", 2n],
      ]),
    ),
    "a262616102616201",
  );
  // U+FF5E comes before U+1F600, although its UTF-16 unit is the larger one.
  assert.equal(
    hexOf(
      new Map([
        ["😀", 1n],
        ["～", 2n],
      ]),
    ),
    "a263efbd9e0264f09f988001",
  );
  assert.equal(
    hexOf(
      new Map<string | bigint, bigint>([
        ["a", 1n],
        [9n, 2n],
        [3n, 3n],
      ]),
    ),
    "a303030902616101",
  );
});

test("texts compare as their UTF-8 bytes do", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "é", "\ud7ff", "\ue000", "～", "\uffff", "😀", "\u{10ffff}"),
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareText(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 2_000 },
  );
});

test("an integer beyond 64 bits is an error, not another number", () => {
  assert.throws(() => encode(2n ** 64n), RangeError);
});

test("decoding undoes encoding", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.double(),
    fc.uint8Array(),
  );
  const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      leaf,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")).map((object) => new Map(Object.entries(object))),
    ),
  }));
  fc.assert(fc.property(value, (item) => assert.deepEqual(decode(encode(item)), item)));
});

test("names of any kind are in the order of their bytes", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "b", "\ud7ff", "\ue000", "\uffff", "😀", "\u{10ffff}"),
  });
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 12 }), (names) => {
      const decoded = decode(encode(new Map(names.map((each) => [each, null]))));
      assert.ok(decoded instanceof Map);
      const byBytes = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual([...decoded.keys()], byBytes);
    }),
  );
});

test("long names that differ at their ends are sorted in little more time than they are written", () => {
  for (const letter of ["k", "中", "😀"]) {
    const names = Array.from({ length: 2000 }, (_, i) => `${letter.repeat(400)}${(i * 7919) % 2000}`);
    const members = new Map(names.map((each) => [each, null]));
    assert.ok(fastest(() => encode(members)) < 9 * fastest(() => encode(names)), letter);
  }
});

/** The time of the fastest of some runs, in milliseconds: on a machine that has other things to do. */
function fastest(run: () => void): number {
  const times = Array.from({ length: 7 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

describe("encoding can be interrupted", () => {
  const MANY = 16_384;
  const named = (name: (i: number) => string): CborValue =>
    new Map(Array.from({ length: MANY }, (_, i): [string, bigint] => [name(MANY - i), BigInt(i)]));
  const inputs: Readonly<Record<string, CborValue>> = {
    "a list": Array.from({ length: 10 * MANY }, (_, i) => BigInt(i)),
    "lists in lists": Array.from({ length: 10 * MANY }, () => []),
    "short names": named((i) => i.toString(36)),
    "names in other scripts": named((i) => `é${i}`),
    "names beyond the basic plane": named((i) => `${i % 2 === 0 ? "～" : "😀"}${i}`),
    "long names": new Map(Array.from({ length: 40 }, (_, i) => ["é".repeat(20_000) + (i ^ 21), i])),
    "a long text": "a".repeat(100 * MANY),
    "a long text of pairs": `a${"😀".repeat(50 * MANY)}`,
  };
  for (const [what, value] of Object.entries(inputs)) {
    it(what, () => {
      const steps = encodeInSteps(value);
      let pauses = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) pauses++;
      assert.ok(pauses >= 10, String(pauses));
      assert.deepEqual(decode(step.value), value);
    });
  }

  it("and names are sorted however many there are", () => {
    const unit = fc.constantFrom("a", "é", "～", "😀", "\ud7ff", "\ue000");
    const names = fc.uniqueArray(fc.string({ unit }), { minLength: 600, maxLength: 1500 });
    fc.assert(
      fc.property(names, (given) => {
        const decoded = decode(encode(new Map(given.map((name) => [name, null]))));
        assert.ok(decoded instanceof Map);
        assert.deepEqual([...decoded.keys()], given.toSorted(compareText));
      }),
      { numRuns: 20 },
    );
  });
});
