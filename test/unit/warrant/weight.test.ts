import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CborValue } from "../../../src/cbor/value.ts";
import { generateSigningKey } from "../../../src/crypto/ed25519.ts";
import { createMemory, MAX_KNOWN_CHAINS_BYTES } from "../../../src/decision/memory.ts";
import { Evaluation } from "../../../src/evaluation.ts";
import { ENTRY_BYTES } from "../../../src/fair-cache.ts";
import { finish } from "../../../src/steps.ts";
import { parseWarrantHeader } from "../../../src/warrant/header.ts";
import { isStack } from "../../../src/warrant/parse.ts";
import { weightOf } from "../../../src/warrant/weight.ts";
import { gateBy, gatingFields, record } from "../../support/approvals.ts";
import { decide, policyOf, postOf } from "../../support/decide.ts";
import { type RawLink, rawChain, rawTools } from "../../support/raw-chain.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

const NOW = 1_700_000_000;
const root = generateSigningKey();
const keys = Array.from({ length: 64 }, generateSigningKey);
const policy = policyOf(
  "version: 2\nsettings: {}\ntools: {read: {}}\nroutes: [{pattern: /read, method: POST, tool: read}]",
  { roots: new Set([root.publicKey.hex]), clockToleranceSeconds: 30 },
);

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const struct = (type: number, members: Readonly<Record<string, CborValue>>): CborValue => [
  BigInt(type),
  record(members),
];

type Fields = NonNullable<RawLink["fields"]>;

/** Tools with one constraint, often. */
const often = (constraint: CborValue, count = 20): Fields => ({
  tools: rawTools({ read: Object.fromEntries(times(count, (i) => [`a${i}`, constraint])) }),
});
const one = (constraint: CborValue): Fields => often(constraint, 1);

/** What is worst, or nearly, of each kind of part. */
const CASES: Readonly<Record<string, Fields>> = {
  nothing: { tools: rawTools({ read: {} }) },
  tools: { tools: rawTools(Object.fromEntries(times(200, (i) => [`t${i}`, {}]))) },
  approvers: gatingFields({ gates: { read: gateBy({}) }, approvers: keys, min: 1 }),
  gates: gatingFields({
    gates: Object.fromEntries(times(100, (i) => [`t${i}`, gateBy({ a: struct(2, { pattern: "*" }) })])),
  }),
  "a session": { extensions: record({ "tenuo.session_id": Buffer.from("aé€".repeat(1_000)) }) },
  Exact: often(struct(1, { value: 1n })),
  "Exact: maps": one(struct(1, { value: times(200, () => record({ a: true })) })),
  "Exact: larger maps": one(
    struct(1, { value: times(100, () => record({ a: 1n, b: 1n, c: 1n, d: 1n, e: 1n })) }),
  ),
  "Exact: lists": one(struct(1, { value: times(300, () => [[]]) })),
  "Exact: integers": one(struct(1, { value: times(300, () => 2n ** 60n) })),
  "Exact: texts": one(struct(1, { value: times(300, () => "é€") })),
  Pattern: often(struct(2, { pattern: "*" })),
  "Pattern: a long one": one(struct(2, { pattern: "aé€".repeat(1_000) })),
  Range: often(struct(3, { min: 1.5, max: 2.5, min_inclusive: true, max_inclusive: true })),
  OneOf: often(struct(4, { values: [] })),
  Regex: often(struct(5, { pattern: "a" })),
  "Regex: letters of either case": often(struct(5, { pattern: `(?i)${"k".repeat(20)}` })),
  "Regex: dots": often(struct(5, { pattern: ".".repeat(20) })),
  NotOneOf: often(struct(7, { excluded: [] })),
  Cidr: often([8n, "::/0"]),
  UrlPattern: often([9n, "*://*"]),
  "UrlPattern: stars": one([9n, `https://a.com/${"/*".repeat(1_000)}`]),
  "UrlPattern: labels": one([9n, `https://${"*.".repeat(120)}com/`]),
  "UrlPattern: escapes": one([9n, `https://a.com/${'{"'.repeat(1_000)}`]),
  Contains: often(struct(10, { required: [] })),
  Subset: often(struct(11, { allowed: [] })),
  All: often(struct(12, { constraints: [] })),
  Any: often(struct(13, { constraints: [[16n, null]] })),
  Not: often(struct(14, { constraint: [16n, null] })),
  Cel: often(struct(15, { expression: "1" })),
  "Cel: lists": often(struct(15, { expression: `${"[".repeat(12)}${"]".repeat(12)} == []` })),
  Subpath: often(struct(17, { root: "/" })),
  "Subpath: a long one": one(struct(17, { root: "/é€".repeat(1_000) })),
  UrlSafe: often(struct(18, {})),
  "UrlSafe: domains": one(struct(18, { allow_domains: times(300, () => "a") })),
  Shlex: one(struct(128, { allow: times(300, (i) => `a${i}`) })),
  "an unknown kind": often([99n, null]),
  "an unknown kind: bytes": one([99n, times(300, () => new Uint8Array(1))]),
};

function heap(): number {
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A thousand times the same would not be kept twice, so each has an id of its own. */
function headersOf(fields: Fields, count: number, links = 1): readonly string[] {
  const link = { signer: root, holder: root, fields: { tools: rawTools({ read: {} }), ...fields } };
  return times(
    count,
    () =>
      rawChain(
        times(links, () => link),
        NOW,
      ).header,
  );
}

/** Shows them to a memory, and has their constraints compile what they keep. */
function fill(headers: readonly string[], memory = createMemory()) {
  for (const header of headers) {
    decide({ ...policy, memory }, NOW, postOf("/read", { "x-tenuo-warrant": header }, "{}"));
    const { tools } = memory.chains.find(header)?.chain.leaf ?? { tools: new Map() };
    for (const constraint of tools.get("read")?.constraints.values() ?? []) {
      constraint.matches("a", new Evaluation(NOW));
    }
  }
  return memory;
}

function weightsOf(headers: readonly string[]): number {
  return headers.reduce((sum, header) => {
    const stack = finish(parseWarrantHeader(header));
    assert.ok(isStack(stack), "detail" in stack ? stack.detail : "");
    return sum + weightOf(stack) + header.length + ENTRY_BYTES;
  }, 0);
}

test("no chain takes more memory than its weight says", async (t) => {
  const most: string[] = [];
  for (const [name, fields] of Object.entries(CASES)) {
    await t.test(name, () => {
      const headers = headersOf(fields, 20);
      const weight = weightsOf(headers);
      fill(headers);
      // What it takes while it is empty is no chain's.
      const memory = createMemory();
      const before = heap();
      fill(headers, memory);
      const taken = heap() - before;
      most.push(`${name} ${(taken / weight).toFixed(2)}`);
      assert.ok(memory.chains.find(headers.at(-1) ?? "") !== undefined, "isn't kept");
      assert.ok(taken <= weight, `${taken} bytes, ${weight} said`);
    });
  }
  t.diagnostic(most.join(", "));
});

test("however many chains there are, they take no more than their budget", () => {
  const headers = headersOf(CASES["Exact: larger maps"] ?? {}, 400);
  assert.ok(weightsOf(headers) > 2 * MAX_KNOWN_CHAINS_BYTES);
  fill(headers.slice(0, 10));
  const before = heap();
  const memory = fill(headers);
  const taken = heap() - before;
  assert.ok(memory.chains.find(headers.at(-1) ?? "") !== undefined);
  assert.ok(taken <= MAX_KNOWN_CHAINS_BYTES, `${taken} bytes`);
});
