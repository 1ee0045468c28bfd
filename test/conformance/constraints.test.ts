import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/cbor/decode.ts";
import type { Outcome } from "../../src/warrant/constraint/index.ts";
import { toValue } from "../../src/warrant/constraint/value-list.ts";
import { matches } from "../support/judge.ts";
import { readConstraint, readVectors } from "./vectors.ts";

interface Vector {
  readonly name: string;
  /** Hex of the CBOR of the constraint. */
  readonly constraint: string;
  readonly arg_cbor: string;
  readonly want: "match" | "no_match" | "error";
  /** Where the published programs stopped; null where 0.3.5 wasn't asked. */
  readonly stage: Stage;
  readonly stage_0_3_5: Stage | null;
}

/** `decode`: the whole warrant is unreadable. `evaluate`: it is read, and this constraint is asked. */
type Stage = "decode" | "evaluate";

const vectors = readVectors<readonly Vector[]>("constraints");

const BYTES_FOR_TEXT = "a byte string isn't text, whatever bytes it has";
const INDEFINITE = "a length that isn't given first is a second spelling";
const LONGER_HEAD = "an integer in more bytes than it needs is a second spelling";

/** What can't be read here on purpose, with the reason; the published programs read it. Signed bytes have one reading. */
const DELIBERATE: ReadonlyMap<string, string> = new Map([
  [
    "cel/wire/unknown_field",
    "a member that isn't known may restrict; 0.3.5 refuses it too, but was asked without CEL",
  ],
  ["exact/bytes_utf8_is_string", BYTES_FOR_TEXT],
  ["exact/indef_list", INDEFINITE],
  ["exact/indef_string", INDEFINITE],
  ["exact/map_dup_key", "a key given twice has two readings"],
  ["exact/nonminimal_int", LONGER_HEAD],
  ["wire/exact_bytes_key", BYTES_FOR_TEXT],
  ["wire/indefinite_array", INDEFINITE],
  ["wire/indefinite_map", INDEFINITE],
  ["wire/nonminimal_type_id", LONGER_HEAD],
  ["wire/tagged_array", "a tag means nothing here, so it may say anything"],
  ["wire/type_id_16bit", LONGER_HEAD],
]);

test("every constraint of constraints.json judges its argument as it should", async (t) => {
  for (const vector of vectors) {
    const why = DELIBERATE.get(vector.name);
    await t.test(why === undefined ? vector.name : `${vector.name}: unreadable, ${why}`, () => {
      const got = judge(vector);
      const wanted = (vector.stage_0_3_5 ?? vector.stage) === "decode" ? "unreadable" : vector.want;
      if (why === undefined) return assert.equal(got, wanted);
      assert.equal(got, "unreadable");
      assert.notEqual(got, wanted, "it doesn't differ any more");
    });
  }
});

test("the file is complete, and every difference is one of its cases", () => {
  assert.equal(vectors.length, 1520);
  const names = new Set(vectors.map(({ name }) => name));
  for (const name of DELIBERATE.keys()) assert.ok(names.has(name), name);
});

function judge(vector: Vector): "unreadable" | Exclude<Outcome, "unknown"> {
  const constraint = readConstraint(vector.constraint);
  if (constraint === undefined) return "unreadable";
  const result = matches(constraint, toValue(decode(Buffer.from(vector.arg_cbor, "hex"))));
  return result === "unknown" ? "error" : result;
}
