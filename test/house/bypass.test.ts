import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CLASSES } from "../support/bypass/attempt.ts";
import { ELSEWHERE } from "../support/bypass/elsewhere.ts";
import { ATTEMPTS } from "../support/bypass/index.ts";

test("every class of bypass is tried", () => {
  const tried = new Set([...ATTEMPTS, ...ELSEWHERE].map((each) => each.class));
  assert.deepEqual(
    [...tried].sort((a, b) => a - b),
    Object.keys(CLASSES).map(Number),
  );
});

test("no two attempts of a class have one name", () => {
  const names = ATTEMPTS.map((attempt) => `${attempt.class}: ${attempt.tries}`);
  assert.deepEqual(
    names.filter((name, i) => names.indexOf(name) < i),
    [],
  );
});

test("the tests that the table of bypasses names are there", () => {
  for (const { file, test: name } of ELSEWHERE) {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    assert.ok(text.includes(name), `${file}: ${name}`);
  }
});
