import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import { type CborValue, isArray, isMap } from "../../src/cbor/value.ts";
import { generateSigningKey } from "../../src/crypto/ed25519.ts";
import { Evaluation, TooCostly } from "../../src/evaluation.ts";
import { finish } from "../../src/steps.ts";
import { sameValue, type Value } from "../../src/value.ts";
import {
  type Constraint,
  type FailsOn,
  parseConstraint,
  writeConstraint,
} from "../../src/warrant/constraint/index.ts";
import { constraintSetToCbor } from "../../src/warrant/constraint-set.ts";
import { parseWarrantHeader } from "../../src/warrant/header.ts";
import { Malformed } from "../../src/warrant/malformed.ts";
import { isStack, parseStack } from "../../src/warrant/parse.ts";
import { KEY } from "../../src/warrant/payload.ts";
import { constraint, pair } from "../support/arbitrary-constraint.ts";
import { LEAVES, type Wire } from "../support/arbitrary-leaf.ts";
import { matches, permits } from "../support/judge.ts";
import { probesOf } from "../support/probes.ts";
import { rawChain } from "../support/raw-chain.ts";
import { runs } from "./runs.ts";

const KIND_NAMES = [...LEAVES.map(({ name }) => name), "All", "Any", "Not"];

/** Undefined where the content of a constraint is refused when it is read. */
function read(wire: Wire): Constraint | undefined {
  try {
    return parseConstraint(wire);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function shown(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, times]) => `${name} ${times}`).join(", ");
}

test("what a permitted child matches, its parent matches", (t) => {
  const hits = new Map<string, number>(KIND_NAMES.map((name) => [name, 0]));
  const about = new Map<string, number>();
  fc.assert(
    fc.property(pair, ([parentWire, childWire]) => {
      const parent = read(parentWire);
      const child = read(childWire);
      if (parent === undefined || child === undefined || !permits(parent, child)) return;
      const isSame = Buffer.compare(encode(parentWire), encode(childWire)) === 0;
      for (const probe of probesOf(parentWire, childWire)) {
        if (matches(child, probe) !== "match") continue;
        assert.equal(matches(parent, probe), "match", `${parent.describe()} permits ${child.describe()}`);
        // An Exact permits itself alone.
        if (isSame && parent.kind !== "Exact") continue;
        count(hits, parent.kind);
        count(about, `${parent.kind}→${child.kind}`);
      }
    }),
    runs(15_000),
  );
  t.diagnostic(`a permitted child that isn't its parent matched: ${shown(hits)}`);
  t.diagnostic(shown(about));
  const permitting = KIND_NAMES.filter((name) => name !== "Unknown");
  for (const name of permitting) assert.ok((hits.get(name) ?? 0) > 0, `nothing was said about ${name}`);
  assert.equal(hits.get("Unknown"), 0);
});

test("a constraint permits itself, unless it is one of those that can't", (t) => {
  const counts = new Map<string, number>();
  fc.assert(
    fc.property(constraint, (wire) => {
      const one = read(wire);
      const other = read(wire);
      if (one === undefined || other === undefined) return;
      const expected = permitsItself(one, wire);
      if (expected !== undefined) assert.equal(permits(one, other), expected, one.describe());
      count(counts, `${one.kind} ${expected ?? "either"}`);
    }),
    runs(4_000),
  );
  t.diagnostic(shown(new Map([...counts].sort())));
  for (const name of ["Exact", "OneOf", "NotOneOf", "Contains", "Subset", "Subpath", "UrlSafe", "All"]) {
    assert.ok(counts.has(`${name} false`) && counts.has(`${name} true`), name);
  }
});

/** Whether it has to; undefined for a composite that may, by a chance of its members. */
function permitsItself(one: Constraint, [, value]: Wire): boolean | undefined {
  const fields = isMap(value) ? value : new Map<string, CborValue>();
  switch (one.kind) {
    case "Unknown":
      return false;
    case "Exact":
    case "OneOf":
    case "NotOneOf":
    case "Contains":
    case "Subset":
      // NaN is no value's equal, not even its own.
      return [...fields.values()].flat().every((each) => sameValue(each as Value, each as Value));
    case "Subpath":
      // What doesn't contain its root can't hand it on.
      return matches(one, fields.get("root") as string) === "match";
    case "UrlSafe":
      return failsOn(one) === "nothing";
    case "All":
    case "Any":
    case "Not": {
      const members = (fields.get("constraints") ?? [fields.get("constraint")]) as readonly Wire[];
      if (one.kind === "All" && members.length === 0) return false;
      const parts = members.map((member) => ({ part: read(member) as Constraint, member }));
      const every = parts.every(({ part, member }) => permitsItself(part, member) === true);
      return every ? true : undefined;
    }
    default:
      return true;
  }
}

function failsOn(constraint: Constraint): FailsOn {
  return constraint.failsOn(new Evaluation(0));
}

test("a constraint is written as it was read", () => {
  fc.assert(
    fc.property(constraint, (wire) => {
      const parsed = read(wire);
      if (parsed === undefined) return;
      assert.deepEqual(encode(writeConstraint(parsed)), encode(wire));
      const again = parseConstraint(decode(encode(wire)));
      assert.equal(again.describe(), parsed.describe());
      for (const probe of probesOf(wire)) assert.equal(matches(again, probe), matches(parsed, probe));
    }),
    runs(1_000),
  );
});

const root = generateSigningKey();
const name = fc.constantFrom("a", "b", "é", "path", "__proto__", "constructor");
const set = fc
  .tuple(fc.dictionary(name, constraint, { maxKeys: 4 }), fc.boolean())
  .map(([constraints, allowUnknown]): CborValue => {
    const members: [string, CborValue][] = [["constraints", new Map(Object.entries(constraints))]];
    return new Map(allowUnknown ? [...members, ["allow_unknown", true]] : members);
  });
const tools = fc.dictionary(fc.constantFrom("t", "u", "*", "__proto__"), set, { maxKeys: 3 });

/** The bytes of a stack of one, signed, that has these tools. */
function stackWith(toolsMap: CborValue): Buffer {
  const { header } = rawChain([{ signer: root, holder: root, fields: { tools: toolsMap } }], 1_700_000_000);
  return Buffer.from(header, "base64url");
}

test("sets and tools are written as they were read, inside a signed warrant", () => {
  fc.assert(
    fc.property(tools, (made) => {
      const wire = new Map(Object.entries(made));
      const stack = finish(parseStack(stackWith(wire)));
      if (!isStack(stack)) return;
      const [{ payload, tools: parsed }] = stack;
      const written = new Map([...parsed].map(([tool, each]) => [tool, constraintSetToCbor(each)]));
      assert.deepEqual(encode(written), encode(wire));
      const fields = decode(payload);
      assert.ok(isMap(fields));
      assert.deepEqual(Uint8Array.from(encode(fields)), payload);
      assert.deepEqual(encode(fields.get(KEY.tools)), encode(wire));
    }),
    runs(500),
  );
});

const tree: fc.Arbitrary<CborValue> = fc.letrec<{ tree: CborValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.bigInt({ min: -(2n ** 63n) - 1n, max: 2n ** 64n - 1n }),
    fc.constantFrom<CborValue>(0n, 1n, 12n, 17n, 128n, NaN, -0, null, undefined, true),
    fc.constantFrom("constraints", "constraint", "value", "pattern", "root", "expression", "allow", ""),
    fc.string(),
    fc.uint8Array({ maxLength: 4 }),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc
      .dictionary(fc.string(), tie("tree"), { maxKeys: 3 })
      .map((members) => new Map(Object.entries(members))),
  ),
})).tree;

/** A constraint with one of its parts replaced by anything. */
const broken = fc.tuple(constraint, tree, fc.nat()).map(([wire, put, at]) => replaced(wire, put, at));

function replaced(value: CborValue, put: CborValue, at: number): CborValue {
  if (isArray(value) && value.length > 0) {
    const index = at % (value.length + 1);
    return index === value.length ? put : value.with(index, replaced(value[index], put, at >> 2));
  }
  if (isMap(value) && value.size > 0) {
    const key = [...value.keys()][at % value.size] as string;
    return new Map([...value, [key, replaced(value.get(key), put, at >> 2)]]);
  }
  return put;
}

/** The longest that reading one input took, in milliseconds; any error but a refusal gets out. */
function timed(slowest: number, work: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  // What takes long once only has waited for others.
  for (let tries = 0; tries < 3 && least > MAX_MILLISECONDS; tries++) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return Math.max(slowest, least);
}

/** Reading a few hundred bytes takes far less; the rest is for a busy machine. */
const MAX_MILLISECONDS = 250;

test("whatever stands where a constraint should is read or refused, and judged without a throw", (t) => {
  let slowest = 0;
  let readable = 0;
  fc.assert(
    fc.property(fc.oneof(tree, broken, constraint), (value) => {
      slowest = timed(slowest, () => {
        const wire = new Map([["t", new Map([["constraints", new Map([["a", value]])]])]]);
        const stack = finish(parseStack(stackWith(wire)));
        if (!isStack(stack)) return assert.equal(stack.refused, "invalid_warrant");
        readable++;
        const parsed = stack[0].tools.get("t")?.constraints.get("a");
        assert.ok(parsed !== undefined);
        permits(parsed, parsed);
        for (const probe of ["a", 1n, null, ["a"]]) matches(parsed, probe);
        parsed.describe();
      });
    }),
    runs(1_500),
  );
  t.diagnostic(`${readable} were readable, the slowest took ${slowest.toFixed(1)} ms`);
  assert.ok(readable > 100 && slowest < MAX_MILLISECONDS);
});

test("any bytes and any text are a stack or a refusal", (t) => {
  const valid = stackWith(new Map());
  const near = fc.tuple(fc.nat(valid.length - 1), fc.uint8Array({ maxLength: 3 })).map(([at, put]) => {
    const bytes = Buffer.from(valid);
    bytes.set(put.subarray(0, bytes.length - at), at);
    return bytes;
  });
  let slowest = 0;
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), tree.map(encodable), near),
      fc.string(),
      (bytes, text) => {
        slowest = timed(slowest, () => {
          for (const parsed of [
            finish(parseStack(bytes)),
            finish(parseWarrantHeader(Buffer.from(bytes).toString("base64url"))),
            finish(parseWarrantHeader(text)),
          ]) {
            if (!isStack(parsed))
              assert.ok(
                parsed.refused === "invalid_warrant" || parsed.refused === "missing_warrant",
                parsed.refused,
              );
          }
        });
      },
    ),
    runs(2_000),
  );
  t.diagnostic(`the slowest took ${slowest.toFixed(1)} ms`);
  assert.ok(slowest < MAX_MILLISECONDS);
});

function encodable(value: CborValue): Uint8Array {
  try {
    return encode(value);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TooCostly) return new Uint8Array();
    throw error;
  }
}
