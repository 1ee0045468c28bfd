import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encode } from "../../../../src/cbor/encode.ts";
import type { CborValue } from "../../../../src/cbor/value.ts";
import { Evaluation, TooCostly } from "../../../../src/evaluation.ts";
import type { Arguments, Value } from "../../../../src/value.ts";
import { type GateMap, gateOf, isGated, parseGateMap } from "../../../../src/warrant/approval/gate.ts";
import { cidr, range, writeConstraint } from "../../../../src/warrant/constraint/index.ts";
import { gateBy, record, WHOLE_TOOL } from "../../../support/approvals.ts";

const least = (min: number): CborValue => writeConstraint(range({ min }));
const exact = (value: CborValue): CborValue => [1n, record({ value })];
const network: CborValue = writeConstraint(cidr("10.0.0.0/8"));

function parse(gates: Readonly<Record<string, CborValue>>): GateMap {
  const parsed = parseGateMap(encode(record(gates)));
  assert.ok(parsed instanceof Map);
  return parsed;
}

function gatedBy(args: Readonly<Record<string, CborValue>>, call: Readonly<Record<string, Value>>) {
  const gate = gateOf(parse({ t: gateBy(args) }), "t");
  assert.ok(gate !== undefined);
  const result = isGated(gate, new Map(Object.entries(call)), new Evaluation(0));
  return typeof result === "boolean" ? result : result.refused;
}

describe("a gate map", () => {
  it("is absent where its bytes are", () => {
    assert.equal(parseGateMap(undefined), undefined);
    assert.equal(parseGateMap(new Uint8Array()), undefined);
  });

  it("without entries is one all the same", () => assert.deepEqual(parse({}), new Map()));

  const gate = (value: CborValue) => encode(record({ t: value }));
  const malformed: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ["bytes that aren't CBOR", Buffer.of(0xff)],
    ["bytes after the map", Buffer.concat([encode(record({})), Buffer.of(0)])],
    ["a map of indefinite length", Buffer.of(0xbf, 0xff)],
    ["something other than a map", encode([])],
    ["a tool that isn't text", encode(new Map([[1n, WHOLE_TOOL]]))],
    ["a gate that isn't a map", gate(null)],
    ["a gate without `args`", gate(record({}))],
    ["an unknown member in a gate", gate(record({ args: null, always: true }))],
    ["`args` twice", Buffer.from(`a16174a2${"6461726773f6".repeat(2)}`, "hex")],
    ["an argument twice", Buffer.from(`a16174a16461726773a2${"616163616c6c".repeat(2)}`, "hex")],
    ["`args` that aren't a map", gate(record({ args: "all" }))],
    ["a message that isn't text", gate(record({ args: null, message: 5n }))],
    ["a message of null", gate(record({ args: null, message: null }))],
    ...[
      null,
      true,
      1n,
      "none",
      new Map(),
      record({ exempt: exact(1n), also: 1n }),
      record({ all: exact(1n) }),
    ].map((value, i) => [`an argument's gate of no known form (${i})`, gate(gateBy({ a: value }))] as const),
    ["a constraint that can't be read", gate(gateBy({ a: [1n, null] }))],
    ["a constraint of three items", gate(gateBy({ a: [16n, null, null] }))],
    ["an exemption by Wildcard", gate(gateBy({ a: record({ exempt: [16n, null] }) }))],
    [
      "an exemption by Any",
      gate(gateBy({ a: record({ exempt: [13n, record({ constraints: [exact(1n)] })] }) })),
    ],
    [
      "an exemption by Not",
      gate(gateBy({ a: record({ exempt: [14n, record({ constraint: exact(1n) })] }) })),
    ],
    ["an exemption by an unknown kind", gate(gateBy({ a: record({ exempt: [99n, null] }) }))],
  ];
  for (const [name, bytes] of malformed) {
    it(`is malformed with ${name}`, () => assert.equal(parseGateMap(bytes), "malformed"));
  }

  it("is read or malformed, whatever the bytes: nothing is thrown", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void parseGateMap(bytes)));
  });

  it("trims a message, cuts it to 200 characters and drops a blank one", () => {
    const messageOf = (message: string) => parse({ t: gateBy({}, message) }).get("t")?.message;
    assert.equal(messageOf("  Ask finance\n"), "Ask finance");
    assert.equal(messageOf("😀".repeat(201)), "😀".repeat(200));
    assert.equal(messageOf(" \t"), undefined);
  });
});

describe("a gate of `*`", () => {
  const gates = parse({ "*": WHOLE_TOOL, free: gateBy({}) });
  it("serves every tool without a gate of its own", () => {
    assert.equal(gateOf(gates, "any"), gates.get("*"));
    assert.equal(gateOf(gates, "*"), gates.get("*"));
  });
  it("gives way to a tool's own", () => assert.equal(gateOf(gates, "free"), gates.get("free")));
  it("is no prefix: `a*` is the name of one tool", () => {
    assert.equal(gateOf(parse({ "a*": WHOLE_TOOL }), "ab"), undefined);
  });
});

describe("a call is gated", () => {
  it("whatever its arguments, by a gate of the whole tool", () => {
    const gate = gateOf(parse({ t: WHOLE_TOOL }), "t");
    assert.ok(gate !== undefined && isGated(gate, new Map(), new Evaluation(0)) === true);
  });
  it("not by a gate without arguments", () => assert.equal(gatedBy({}, { a: "x" }), false));
  it("by `all`, null included", () => assert.equal(gatedBy({ a: "all" }, { a: null }), true));
  it("where an argument is missing, whatever its gate", () => {
    for (const gate of ["all", least(100), record({ exempt: least(100) })])
      assert.equal(gatedBy({ a: gate }, { b: 1n }), true);
  });
  it("where a constraint matches", () => {
    assert.equal(gatedBy({ a: least(100) }, { a: 100n }), true);
    assert.equal(gatedBy({ a: least(100) }, { a: 99n }), false);
  });
  it("not by a constraint on another kind of value", () => {
    assert.equal(gatedBy({ a: least(100) }, { a: "150" }), false);
  });
  it("where an exemption doesn't match, on another kind of value too", () => {
    assert.equal(gatedBy({ a: record({ exempt: least(100) }) }, { a: 100n }), false);
    assert.equal(gatedBy({ a: record({ exempt: least(100) }) }, { a: "150" }), true);
  });
  it("by any of its arguments", () => {
    assert.equal(gatedBy({ a: exact("x"), b: exact("y") }, { a: "no", b: "y" }), true);
  });
  it("by those before one that can't be evaluated, in the order of the names", () => {
    assert.equal(gatedBy({ b: network, a: "all" }, { a: "x", b: "zz" }), true);
    assert.equal(gatedBy({ b: "all", a: network }, { a: "zz", b: "x" }), "constraint_violation");
    assert.equal(gatedBy({ b: "all", a: [99n, null] }, { a: "zz", b: "x" }), "unknown_constraint");
  });
});

it("a gate that would take too long to ask stops the judgement", () => {
  const names = Array.from({ length: 500 }, (_, i) => `a${i}`);
  const gates = parse({
    t: gateBy(Object.fromEntries(names.map((name) => [name, [2n, record({ pattern: "b*" })]]))),
  });
  const long: Arguments = new Map(names.map((name) => [name, "a".repeat(10_000)]));
  const gate = gateOf(gates, "t");
  assert.ok(gate !== undefined);
  assert.throws(() => isGated(gate, long, new Evaluation(0)), TooCostly);
});
