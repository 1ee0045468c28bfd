import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../../../src/cbor/decode.ts";
import { encode } from "../../../../src/cbor/encode.ts";
import { Evaluation } from "../../../../src/evaluation.ts";
import type { Value } from "../../../../src/value.ts";
import { isFault } from "../../../../src/warrant/constraint/constraint.ts";
import {
  all,
  any,
  type Constraint,
  cidr,
  exact,
  not,
  type Outcome,
  oneOf,
  parseConstraint,
  wildcard,
  writeConstraint,
} from "../../../../src/warrant/constraint/index.ts";
import { Malformed } from "../../../../src/warrant/malformed.ts";
import { matches, permits } from "../../../support/judge.ts";
import { assertNarrowing } from "../../../support/narrowing.ts";

test("an address is in its network, or not; other text is an error, other values are none", () => {
  const outcomes: readonly (readonly [string, Value, Outcome])[] = [
    ["10.5.6.7/8", "10.255.255.255", "match"],
    ["10.5.6.7/8", "11.0.0.0", "no_match"],
    ["10.0.0.0/255.0.0.0", "10.1.2.3", "match"],
    ["10.0.0.1", "10.0.0.1", "match"],
    ["2001:db8::/32", "2001:DB8:0:0::1", "match"],
    ["10.0.0.0/8", "::ffff:10.1.2.3", "no_match"],
    ["::ffff:10.0.0.0/104", "10.1.2.3", "no_match"],
    ["0.0.0.0/0", "::", "no_match"],
    ["10.0.0.0/8", 167_772_161n, "no_match"],
    ["10.0.0.0/8", null, "no_match"],
    ["10.0.0.0/8", ["10.0.0.1"], "no_match"],
    ["10.0.0.0/8", "", "error"],
    ["10.0.0.0/8", "10.1", "error"],
    ["10.0.0.0/8", "010.0.0.1", "error"],
    ["10.0.0.0/8", "10.0.0.1:80", "error"],
    ["10.0.0.0/8", "10.0.0.1/32", "error"],
    ["10.0.0.0/8", "localhost", "error"],
    ["::/0", "[::1]", "error"],
    ["::/0", "fe80::1%eth0", "error"],
  ];
  for (const [network, argument, wanted] of outcomes) {
    assert.equal(matches(cidr(network), argument), wanted, `${network} on ${String(argument)}`);
  }
});

test("text that isn't a network doesn't decode", () => {
  for (const text of ["", "10.0.0.0/33", "10.0.0/8", " 10.0.0.0/8", "::/ffff::", "10.0.0.0/8/8", "host/8"]) {
    assert.throws(() => parseConstraint([8n, text]), Malformed, text);
  }
  for (const value of [null, 8n, new Map([["network", "10.0.0.0/8"]])]) {
    assert.throws(() => parseConstraint([8n, value]), Malformed);
  }
});

test("a network is narrowed by a network in it, and by an address in it", () => {
  assert.ok(permits(cidr("10.0.0.0/8"), cidr("10.9.0.0/16")));
  assert.ok(permits(cidr("10.0.0.0/8"), cidr("10.1.1.1/8")));
  assert.ok(permits(cidr("10.0.0.0/8"), exact("10.0.0.1")));
  assert.ok(!permits(cidr("10.0.0.0/8"), cidr("10.0.0.0/7")));
  assert.ok(!permits(cidr("10.0.0.0/8"), cidr("11.0.0.0/16")));
  assert.ok(!permits(cidr("::/0"), cidr("10.0.0.0/8")));
  assert.ok(!permits(cidr("10.0.0.0/8"), exact("11.0.0.1")));
  assert.ok(!permits(cidr("10.0.0.0/8"), exact("host")));
  assert.ok(!permits(cidr("10.0.0.0/8"), oneOf(["10.0.0.1"])));
});

test("an Any of networks is narrowed by any of them, since all fail on the same text", () => {
  const parent = any([cidr("10.0.0.0/8"), cidr("192.168.0.0/16"), exact("host")]);
  assert.ok(permits(parent, any([cidr("192.168.1.0/24")])));
  assert.ok(permits(parent, any([exact("192.168.1.1")])));
  assert.ok(!permits(parent, any([exact("host")])));
  assert.ok(permits(parent, any([cidr("10.0.0.0/9"), exact("host")])));
  assert.ok(permits(any([exact("host"), cidr("10.0.0.0/8")]), any([cidr("10.0.0.0/8"), exact("host")])));
});

test("outside one network is outside a smaller one, since both fail on the same text", () => {
  assert.ok(permits(not(cidr("10.0.0.0/8")), not(cidr("0.0.0.0/0"))));
  assert.ok(permits(not(cidr("10.0.0.0/8")), not(wildcard)));
  assert.ok(!permits(not(cidr("0.0.0.0/0")), not(cidr("10.0.0.0/8"))));
  const both = all([cidr("10.0.0.0/8"), exact("10.0.0.1")]);
  assert.ok(permits(not(both), not(both)));
  const either = all([exact("10.0.0.1"), cidr("10.0.0.0/8")]);
  assert.ok(!permits(not(both), not(either)));
});

const networks = [
  "10.0.0.0/8",
  "10.1.0.0/16",
  "10.1.2.3",
  "0.0.0.0/0",
  "11.0.0.0/7",
  "::/0",
  "::ffff:10.0.0.0/104",
];
const probes = [
  "10.1.2.3",
  "10.1.0.0",
  "10.255.0.1",
  "11.0.0.1",
  "1.1.1.1",
  "::1",
  "::ffff:10.1.2.3",
  "host",
  "",
  5n,
];

const { constraint } = fc.letrec<{ constraint: Constraint }>((tie) => ({
  constraint: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    fc.constantFrom(...networks).map(cidr),
    fc.constantFrom(...probes).map(exact),
    fc.array(tie("constraint"), { maxLength: 3 }).map(any),
    fc.array(tie("constraint"), { maxLength: 3 }).map(all),
    tie("constraint").map(not),
  ),
}));

test("what a permitted child matches, its parent matches, also within All, Any and Not", () => {
  const pair = fc.tuple(constraint, constraint);
  const build = ([parent, child]: readonly [Constraint, Constraint]) => ({ parent, child, probes });
  assertNarrowing(pair, build, { runs: 10_000, leastHits: 200 });
});

test("what a constraint says it fails on is what it fails on", () => {
  const holds = fc.property(constraint, (each) => {
    const failsOn = each.failsOn(new Evaluation(0));
    for (const probe of probes) {
      const failed = isFault(matches(each, probe));
      if (failsOn === "nothing") assert.ok(!failed);
      if (failsOn === "non_addresses") assert.equal(failed, probe === "host" || probe === "");
    }
  });
  fc.assert(holds, { numRuns: 2000 });
});

test("a network permits itself, and survives its wire form", () => {
  for (const text of [...networks, "10.5.6.7/+08", "10.0.0.0/255.0.0.0"]) {
    const copy = parseConstraint(decode(encode(writeConstraint(cidr(text)))));
    assert.equal(copy.describe(), `Cidr(${text})`);
    assert.ok(permits(cidr(text), copy) && permits(copy, cidr(text)));
  }
});
