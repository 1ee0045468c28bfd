import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/cbor/decode.ts";
import type { Constraint } from "../../src/warrant/constraint/index.ts";
import { toValue } from "../../src/warrant/constraint/value-list.ts";
import { matches, permits } from "../support/judge.ts";
import { readConstraint, readVectors } from "./vectors.ts";

interface Vector {
  readonly name: string;
  /** Hex of the CBOR of the constraints. */
  readonly parent: string;
  readonly child: string;
  readonly want: "allowed" | "refused";
  /** The published program that read less stopped here. */
  readonly stage?: "decode";
  /** An argument that the child matches and the parent doesn't, where a published program lets the child pass. */
  readonly witness_arg_cbor?: string;
}

const vectors = readVectors<readonly Vector[]>("attenuation");

/** What we do differently on purpose, with the reason. Each has to be a difference still. */
const DELIBERATE: ReadonlyMap<string, string> = new Map([
  [
    "urlpattern/https://a.com/api->https://a.com/api/a/b/c",
    "refused, since a path without a star matches itself alone, and this is another",
  ],
  [
    "cel/ws_join_tokens",
    "refused: `valuein['a']` reads another name, and matches {valuein: {a: true}} where the parent fails",
  ],
]);

test("every child of attenuation.json is allowed or refused as it should be", async (t) => {
  for (const vector of vectors) {
    const why = DELIBERATE.get(vector.name);
    await t.test(`${vector.name}: ${why ?? vector.want}`, () => {
      const parent = readConstraint(vector.parent);
      const child = readConstraint(vector.child);
      assert.equal(parent === undefined || child === undefined, vector.stage === "decode", "readable");
      const got =
        parent !== undefined && child !== undefined && permits(parent, child) ? "allowed" : "refused";
      if (why === undefined) return assert.equal(got, vector.want);
      assert.equal(got, "refused", "a difference is on the safe side");
      assert.notEqual(got, vector.want, "it doesn't differ any more");
    });
  }
});

test("every witness shows that the refusal is needed", () => {
  const witnesses = vectors.filter(
    ({ witness_arg_cbor, stage }) => witness_arg_cbor !== undefined && stage === undefined,
  );
  for (const { name, parent, child, witness_arg_cbor = "" } of witnesses) {
    const argument = toValue(decode(Buffer.from(witness_arg_cbor, "hex")));
    assert.equal(matches(readable(child), argument), "match", name);
    assert.notEqual(matches(readable(parent), argument), "match", name);
  }
  assert.equal(witnesses.length, 24);
});

test("the file is complete, and every difference is one of its cases", () => {
  assert.equal(vectors.length, 881);
  const names = new Set(vectors.map(({ name }) => name));
  for (const name of DELIBERATE.keys()) assert.ok(names.has(name), name);
});

function readable(hex: string): Constraint {
  const constraint = readConstraint(hex);
  assert.ok(constraint !== undefined);
  return constraint;
}
