import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJson } from "../../../src/gateway/json.ts";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES } from "../../../src/gateway/limits.ts";
import type { Value } from "../../../src/value.ts";

function read(text: string | Uint8Array): ReturnType<typeof parseJson> {
  return parseJson(typeof text === "string" ? Buffer.from(text) : text);
}

function valueOfText(text: string): Value {
  const result = read(text);
  assert.ok(result.ok, result.ok ? "" : result.fault);
  return result.document.value;
}

describe("JSON is read without loss", () => {
  const values: readonly (readonly [text: string, value: Value])[] = [
    ["1", 1n],
    ["-1", -1n],
    ["0", 0n],
    ["-0", -0],
    ["-0.0", -0],
    ["1.0", 1],
    ["1e2", 100],
    ["1E+2", 100],
    ["1e-2", 0.01],
    ["0e1", 0],
    ["123.456e-7", 123.456e-7],
    ["9007199254740993", 9007199254740993n],
    ["9223372036854775807", 9223372036854775807n],
    ["-9223372036854775808", -9223372036854775808n],
    ["1e-999", 0],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["true", true],
    ["false", false],
    ["null", null],
    ['""', ""],
    ['"a/b"', "a/b"],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
    ['"\\u0000\\u00e9\\uD83D\\uDE00"', "\0é😀"],
    ['"é😀\u2028\x7f"', "é😀\u2028\x7f"],
    ["[]", []],
    ["[ ]", []],
    ["[1,[2],{}]", [1n, [2n], new Map()]],
    ["{}", new Map()],
    ['{"":0}', new Map([["", 0n]])],
    [
      '{"a":{"b":[null]},"c":1.5}',
      new Map<string, Value>([
        ["a", new Map([["b", [null]]])],
        ["c", 1.5],
      ]),
    ],
    [
      '{"__proto__":1,"constructor":2}',
      new Map([
        ["__proto__", 1n],
        ["constructor", 2n],
      ]),
    ],
    [" \t\r\n[ 1 , 2 ] \n", [1n, 2n]],
  ];
  for (const [text, value] of values) it(text, () => assert.deepEqual(valueOfText(text), value));
});

describe("what is not one JSON text is refused", () => {
  const texts = [
    "",
    " ",
    "\ufeff1",
    "1\ufeff",
    "1 2",
    "1,",
    "[1]]",
    "{}{}",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[",
    "[1",
    "[1,",
    "]",
    "{",
    "}",
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{,"a":1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a"::1}',
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{null:1}",
    "{[]:1}",
    '{"a":1/**/}',
    "//\n1",
    "# 1",
    "[1}",
    '{"a":1]',
    ":",
    ",",
    "tru",
    "True",
    "TRUE",
    "truex",
    "nul",
    "nulll",
    "falsey",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "undefined",
    "01",
    "-01",
    "00",
    "1.",
    ".1",
    "-.1",
    "1.e1",
    "1e",
    "1e+",
    "1e1.5",
    "1.5.5",
    "+1",
    "--1",
    "- 1",
    "-",
    "-a",
    "0x1",
    "1_000",
    "1n",
    "1f",
    "１",
    "[1\u00a02]",
    "\u00a01",
    "1\u000b",
    "1\f",
    '"',
    '"a',
    '"\\"',
    '"\\',
    '"a\nb"',
    '"a\tb"',
    '"\0"',
    '"\x1f"',
    '"\\x41"',
    '"\\a"',
    '"\\u12"',
    '"\\u12G4"',
    '"\\U0041"',
    '"\\',
    "'a'",
    '"a" "b"',
    '"a""b"',
    "a",
    "`a`",
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud800\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud800a"',
    '["a","\\uD800"]',
    '{"\\ud800":1}',
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    `1${"0".repeat(400)}`,
    "1e400",
    "-1e400",
    `1${"0".repeat(400)}.0`,
  ];
  for (const text of texts) {
    it(JSON.stringify(text).slice(0, 60), () => assert.equal(read(text).ok, false));
  }

  const bytes: Readonly<Record<string, readonly number[]>> = {
    "a byte that never stands in UTF-8": [0x22, 0xff, 0x22],
    "an overlong slash": [0x22, 0xc0, 0xaf, 0x22],
    "a surrogate": [0x22, 0xed, 0xa0, 0x80, 0x22],
    "half of a character": [0x22, 0xc3, 0x22],
    "UTF-16": [0x31, 0x00],
    "a byte order mark": [0xef, 0xbb, 0xbf, 0x31],
  };
  for (const [what, given] of Object.entries(bytes)) {
    it(what, () => assert.equal(read(Uint8Array.from(given)).ok, false));
  }
});

describe("nesting", () => {
  it("is read down to the bound and refused below", () => {
    assert.equal(read("[".repeat(MAX_JSON_DEPTH) + "]".repeat(MAX_JSON_DEPTH)).ok, true);
    assert.equal(read("[".repeat(MAX_JSON_DEPTH + 1) + "]".repeat(MAX_JSON_DEPTH + 1)).ok, false);
    assert.equal(read(`${'{"a":'.repeat(MAX_JSON_DEPTH + 1)}1${"}".repeat(MAX_JSON_DEPTH + 1)}`).ok, false);
  });

  it("without an end costs no stack", () => assert.equal(read("[".repeat(2_000_000)).ok, false));
});

describe("values", () => {
  it("are read up to the bound and refused beyond", () => {
    const list = (length: number): string => `[${Array(length).fill("0").join(",")}]`;
    assert.equal(read(list(MAX_JSON_VALUES - 1)).ok, true);
    const result = read(list(MAX_JSON_VALUES));
    assert.ok(!result.ok);
    assert.match(result.fault, /^more than 100000 values/);
  });

  it("are counted in objects, too", () => {
    const pairs = Array.from({ length: MAX_JSON_VALUES }, (_, i) => `"${i}":0`);
    assert.equal(read(`{${pairs.slice(1).join(",")}}`).ok, true);
    assert.equal(read(`{${pairs.join(",")}}`).ok, false);
  });

  it("beyond the bound cost little time", () => {
    const started = performance.now();
    assert.equal(read(`[${"[],".repeat(20_000_000)}0]`).ok, false);
    assert.ok(performance.now() - started < 2000);
  });
});

it("a long text of digits is refused without converting it", () => {
  const started = performance.now();
  assert.equal(read("9".repeat(8_000_000)).ok, false);
  assert.ok(performance.now() - started < 2000);
});

describe("repeated names", () => {
  it("are told with the object that holds them, escapes undone", () => {
    const result = read('{"a":{"b":1,"\\u0062":2,"c":3},"d":[{"e":1,"e":1}]}');
    assert.ok(result.ok);
    assert.deepEqual([...result.document.repeated.values()], [new Set(["b"]), new Set(["e"])]);
    const { value } = result.document;
    assert.ok(value instanceof Map);
    assert.equal(result.document.repeated.has(value.get("a") as Value), true);
  });

  it("are none where names differ", () => {
    const result = read('{"a":{"a":1},"A":2}');
    assert.ok(result.ok);
    assert.equal(result.document.repeated.size, 0);
  });
});

/** JSON of a value, as the proof's signer has it: floats always show that they are floats. */
function write(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0.0" : writeFloat(value);
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value instanceof Map) {
    const members = [...value].map(([name, member]) => `${JSON.stringify(name)}:${write(member as Value)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

function writeFloat(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme" }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 4 }).map((entries) => new Map(entries)),
  ),
}));

it("every value survives being written and read", () => {
  fc.assert(fc.property(value, (given) => assert.deepEqual(valueOfText(write(given)), given)));
});

it("a text is taken exactly when JSON.parse takes it, numbers and lone surrogates aside", () => {
  const piece = fc.constantFrom(
    '"',
    "\\",
    "u0041",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "1",
    "-",
    ".5",
    "e3",
    "true",
    "null",
    " ",
    "a",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const text = pieces.join("");
      assert.equal(read(text).ok, isJson(text), text);
    }),
    { numRuns: 20_000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
