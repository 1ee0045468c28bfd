import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countIds, hasId, packIds, unpackIds } from "../../../src/warrant/packed-ids.ts";

const hexId = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString("hex"));
/** Ids that differ late, as those of one second do. */
const nearId = fc.integer({ min: 0, max: 40 }).map((n) => n.toString(16).padStart(32, "0"));
const ids = fc.array(fc.oneof(hexId, nearId), { maxLength: 60 });

test("packed ids are the set they were made of, in its order", () => {
  fc.assert(
    fc.property(ids, fc.array(fc.oneof(hexId, nearId)), (given, others) => {
      const set = new Set(given);
      const packed = packIds(given);
      assert.equal(countIds(packed), set.size);
      assert.deepEqual(unpackIds(packed), [...set].sort());
      for (const id of [...given, ...others]) assert.equal(hasId(packed, id), set.has(id), id);
    }),
  );
});

test("a copy of another thread, and a part of a larger buffer, are the same set", () => {
  const given = ["0", "7", "f"].map((digit) => digit.repeat(32));
  const copied = structuredClone(packIds(given));
  const part = new Uint8Array([1, 2, 3, ...packIds(given)]).subarray(3);
  for (const packed of [copied, part]) {
    assert.deepEqual(unpackIds(packed), given);
    assert.ok(hasId(packed, "7".repeat(32)));
    assert.ok(!hasId(packed, "8".repeat(32)));
  }
});
