import assert from "node:assert/strict";
import { test } from "node:test";
import { any, pattern, subpath, wildcard } from "../../../../src/warrant/constraint/index.ts";
import { permits } from "../../../support/judge.ts";

/** Not permitted by itself, since its root isn't below it. */
const data = subpath("/data/");
/** Can't be evaluated. */
const bad = pattern("a**");

test("an Any may be handed on as it is where another member permits what a member of it can't", () => {
  assert.equal(permits(any([data]), any([data])), false);
  assert.equal(permits(any([data, wildcard]), any([data, wildcard])), true);
  assert.equal(permits(any([data, bad, wildcard]), any([data, bad, wildcard])), true);
});

test("a member that can't be evaluated stays in front of what it keeps from matching", () => {
  const parent = any([data, bad, wildcard]);
  assert.equal(permits(parent, any([wildcard])), false);
  assert.equal(permits(parent, any([data])), true);
  assert.equal(permits(parent, any([subpath("/data/x")])), true);
  assert.equal(permits(any([bad, data, wildcard]), any([data])), false);
});
