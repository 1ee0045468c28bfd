import assert from "node:assert/strict";
import { test } from "node:test";
import { Encoder } from "cbor-x";
import fc from "fast-check";
import { CborError, decode, MAX_DEPTH } from "../../../src/cbor/decode.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("the examples of RFC 8949 appendix A that are in the subset decode to their values", () => {
  const examples: readonly [string, unknown][] = [
    ["00", 0n],
    ["17", 23n],
    ["1818", 24n],
    ["1903e8", 1000n],
    ["1a000f4240", 1000000n],
    ["1bffffffffffffffff", 18446744073709551615n],
    ["3bffffffffffffffff", -18446744073709551616n],
    ["20", -1n],
    ["3903e7", -1000n],
    ["f90000", 0],
    ["f98000", -0],
    ["f93c00", 1],
    ["fb3ff199999999999a", 1.1],
    ["fa47c35000", 100000],
    ["f90001", 2 ** -24],
    ["f97c00", Infinity],
    ["f97e00", NaN],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["f7", undefined],
    ["4401020304", Uint8Array.of(1, 2, 3, 4)],
    ["62c3bc", "ü"],
    ["64f0908591", "\u{10151}"],
    ["83010203", [1n, 2n, 3n]],
    ["8301820203820405", [1n, [2n, 3n], [4n, 5n]]],
    [
      "a201020304",
      new Map([
        [1n, 2n],
        [3n, 4n],
      ]),
    ],
    [
      "a26161016162820203",
      new Map<string, unknown>([
        ["a", 1n],
        ["b", [2n, 3n]],
      ]),
    ],
  ];
  for (const [bytes, value] of examples) assert.deepEqual(decode(hex(bytes)), value, bytes);
});

test("a byte order mark inside text stays", () => assert.equal(decode(hex("63efbbbf")), "\ufeff"));

test("a second spelling of the same value is refused", () => {
  const spellings = {
    "an integer one byte too long": "1817",
    "an integer two bytes too long": "1900ff",
    "an integer four bytes too long": "1a0000ffff",
    "an integer eight bytes too long": "1b00000000ffffffff",
    "a length too long": "780161",
    "an indefinite array": "9f01ff",
    "an indefinite map": "bf6161 01ff",
    "indefinite text": "7f6161ff",
    "indefinite bytes": "5f4101ff",
    "a tag": "c001",
    "a bignum": "c24101",
    "a simple value": "e0",
    "a simple value in two bytes": "f820",
    "a break alone": "ff",
    "a reserved head": "1c",
    "a duplicate key": "a2616101616102",
    "a duplicate integer key": "a201010102",
    "an integer key that no map of the format has": "a119010001",
    "a negative integer key": "a12001",
    "a float as key": "a1f9000001",
    "an array as key": "a18001",
    "bytes as key": "a1416101",
    "bytes after the item": "0000",
    "nothing at all": "",
    "half an item": "1903",
    "text that isn't UTF-8": "61ff",
    "an overlong UTF-8 form": "62c080",
    "a surrogate in UTF-8": "63eda080",
    "a length beyond the input": "5affffffff",
    "a count beyond the input": "9b7fffffffffffffff",
  };
  for (const [what, bytes] of Object.entries(spellings))
    assert.throws(() => decode(hex(bytes)), CborError, what);
});

test("nesting is bounded, whatever is nested", () => {
  const arrays = (depth: number) => hex(`${"81".repeat(depth)}00`);
  assert.doesNotThrow(() => decode(arrays(MAX_DEPTH)));
  assert.throws(() => decode(arrays(MAX_DEPTH + 1)), /deep/);
  assert.throws(() => decode(hex(`${"a100".repeat(MAX_DEPTH + 1)}00`)), /deep/);
  assert.throws(() => decode(Buffer.alloc(1_000_000, 0x81)), /deep/);
});

test("keys that mean something to JavaScript are plain keys", () => {
  const map = decode(hex("a1695f5f70726f746f5f5f01"));
  assert.deepEqual(map, new Map([["__proto__", 1n]]));
});

test("no bytes make it throw anything but a CborError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        assert.ok(error instanceof CborError);
      }
    }),
    { numRuns: 20_000 },
  );
});

test("what another encoder writes decodes to the same", () => {
  const other = new Encoder({ useRecords: false, mapsAsObjects: false, variableMapSize: true });
  const leaf = fc.oneof(fc.string({ unit: "grapheme" }), fc.boolean(), fc.constant(null), fc.integer());
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")).map(toMap),
    ),
  }));
  fc.assert(fc.property(value, (item) => assert.deepEqual(decode(other.encode(item)), withBigInts(item))));
});

function toMap(object: object): Map<string, unknown> {
  return new Map(Object.entries(object));
}

function withBigInts(item: unknown): unknown {
  if (typeof item === "number") return BigInt(item);
  if (Array.isArray(item)) return item.map(withBigInts);
  if (item instanceof Map) return new Map([...item].map(([key, member]) => [key, withBigInts(member)]));
  return item;
}

test("empty maps take no room of their own", () => {
  const items = decode(Buffer.from("82a0a0", "hex"));
  assert.ok(Array.isArray(items));
  assert.deepEqual(items[0], new Map());
  assert.equal(items[0], items[1]);
});
