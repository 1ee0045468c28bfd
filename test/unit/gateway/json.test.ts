import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseJson, readJson } from "../../../src/gateway/json.ts";
import {
  MAX_JSON_DEPTH,
  MAX_JSON_MEMBERS,
  MAX_JSON_NUMBER_CHARS,
  MAX_JSON_VALUES,
} from "../../../src/gateway/limits.ts";
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
    const objects = (count: number): string => `[${Array(count).fill('{"a":0}').join(",")}]`;
    assert.equal(read(objects(MAX_JSON_VALUES / 2 - 1)).ok, true);
    assert.equal(read(objects(MAX_JSON_VALUES / 2)).ok, false);
  });

  it("beyond the bound are not looked at", () => {
    const bytes = Buffer.from(`[${"[],".repeat(5_000_000)}0]`);
    assert.ok(pauses(bytes) < pauses(Buffer.from(" ".repeat(bytes.length))) / 10);
  });
});

it("members of one object are read up to the bound and refused beyond", () => {
  const object = (count: number): string => `{${times(count, (i) => `"${i}":0`).join(",")}}`;
  assert.equal(read(object(MAX_JSON_MEMBERS)).ok, true);
  const result = read(object(MAX_JSON_MEMBERS + 1));
  assert.ok(!result.ok);
  assert.match(result.fault, /^more than 16384 members in an object/);
});

it("a number is read up to the longest that says a double exactly, and refused beyond", () => {
  const number = (length: number): string => `-0.${"1".repeat(length - 3)}`;
  assert.equal(valueOfText(number(MAX_JSON_NUMBER_CHARS)), -1 / 9);
  for (const text of [number(MAX_JSON_NUMBER_CHARS + 1), "9".repeat(4_000_000), `1e${"0".repeat(2000)}`]) {
    assert.deepEqual(read(text), {
      ok: false,
      fault: "a number has more than 1100 characters at character 0",
    });
  }
});

describe("reading can be interrupted", () => {
  const MANY = 300_000;
  const inputs: Readonly<Record<string, string>> = {
    values: `[${"1,".repeat(90_000)}1]`,
    "members of objects": `[${times(15_000, (i) => `{"${i}":0,"":1}`).join(",")}]`,
    "a long text": `"${"a".repeat(MANY)}"`,
    "a long text that doesn't end": `"${"a".repeat(MANY)}`,
    "a long text in other scripts": `"${"é😀".repeat(MANY / 6)}"`,
    "a text of escapes": `"${"\\u0041".repeat(MANY / 6)}"`,
    "a text of backslashes": `"${"\\\\".repeat(MANY / 2)}"`,
    "a long name": `{"${"a".repeat(MANY)}":0}`,
    blanks: `${" ".repeat(MANY)}0`,
    "blanks everywhere": `[${`\n0${" ".repeat(30)},`.repeat(MANY / 33)}0\n]`,
  };
  for (const [what, text] of Object.entries(inputs)) {
    it(what, () => assert.ok(pauses(Buffer.from(text)) > text.length / MOST_BETWEEN_PAUSES));
  }

  const unit = fc.constantFrom("a", "é", "€", "😀", "\\n", "\\\\", "\\u0041", "\\uD83D\\uDE00", "\ufeff");
  const runs = fc.array(fc.tuple(unit, fc.nat(3000)), { maxLength: 6 });
  it("and a text is the same wherever it was", () => {
    fc.assert(
      fc.property(runs, (parts) => {
        const text = `"${parts.map(([part, count]) => part.repeat(count)).join("")}"`;
        assert.equal(valueOfText(text), JSON.parse(text));
      }),
    );
  });

  it("and a half of a surrogate pair is found however far the other half is", () => {
    for (let length = 4080; length < 4100; length++) {
      assert.equal(valueOfText(`"${"a".repeat(length)}\\ud83d\\ude00"`), `${"a".repeat(length)}😀`);
      assert.equal(read(`"${"a".repeat(length)}\\ud83da"`).ok, false);
    }
  });

  it("and a fault is told with its character, whatever is before", () => {
    const before = "é😀".repeat(100_000);
    assert.deepEqual(read(`["${before}" x]`), {
      ok: false,
      fault: `\`,\` or \`]\` is missing at character ${before.length + 4}`,
    });
  });

  it("and a character isn't cut where the bytes are", () => {
    for (const character of ["é", "€", "😀"]) {
      for (let blanks = 262_130; blanks < 262_150; blanks++) {
        assert.equal(valueOfText(`${" ".repeat(blanks)}"${character}"`), character);
      }
    }
    const faulty = Buffer.concat([Buffer.alloc(262_143, " "), Buffer.alloc(300_000, 0x80)]);
    assert.deepEqual(read(faulty), { ok: false, fault: "it isn't UTF-8" });
  });
});

/** Far below what takes a millisecond, whatever the bytes are. */
const MOST_BETWEEN_PAUSES = 10_000;

function pauses(bytes: Uint8Array): number {
  const steps = readJson(bytes);
  let count = 0;
  while (steps.next().done !== true) count++;
  return count;
}

function times<Item>(count: number, make: (i: number) => Item): Item[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

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

it("a text is taken exactly when JSON.parse takes it and its numbers are finite", () => {
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
      assert.equal(read(text).ok, isFiniteJson(text), text);
    }),
    { numRuns: 20_000 },
  );
});

function isFiniteJson(text: string): boolean {
  try {
    JSON.parse(text, (_, part) => {
      if (part === Infinity || part === -Infinity) throw new RangeError("beyond a double");
      return part;
    });
    return true;
  } catch {
    return false;
  }
}
