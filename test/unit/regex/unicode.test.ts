import assert from "node:assert/strict";
import { test } from "node:test";
import { ignoringCase } from "../../../src/regex/fold.ts";
import { property } from "../../../src/regex/property.ts";
import { BINARY_NAMES, CATEGORY_NAMES, SCRIPT_NAMES } from "../../../src/regex/property-names.ts";
import { rustClass } from "./rust.ts";

const LAST = 0x10ffff;

/** A letter of Unicode 16 in lower case that has no case in 17. */
const CHANGED = 0x295;

const CASED = /[\p{Cased}\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]/u;

test("letters fold to those they fold to in Rust", () => {
  let letters = 0;
  for (let codePoint = 0; codePoint <= LAST; codePoint++) {
    const others = ignoringCase(codePoint);
    if (others.length === 0 && !CASED.test(String.fromCodePoint(codePoint))) continue;
    letters++;
    const same = [codePoint, ...others].toSorted((a, b) => a - b);
    const folded = listed(`(?i)[${escaped(codePoint)}]`);
    // A class of one character comes as that character.
    assert.deepEqual(folded.length === 0 ? [codePoint] : folded, same, `U+${codePoint.toString(16)}`);
  }
  assert.ok(letters > 2_500);
});

test("what folds to nothing here folds to nothing in Rust", () => {
  const alone: string[] = [];
  let size = 0;
  for (let first = 0; first <= LAST; first++) {
    if (!isAlone(first)) continue;
    let last = first;
    while (last < LAST && isAlone(last + 1)) last++;
    alone.push(`${escaped(first)}-${escaped(last)}`);
    size += last - first + 1;
    first = last;
  }
  assert.equal(listed(`(?i)[${alone.join("")}]`).length, size);
});

function isAlone(codePoint: number): boolean {
  return !isSurrogate(codePoint) && ignoringCase(codePoint).length === 0;
}

for (const [kind, names] of Object.entries({ CATEGORY_NAMES, SCRIPT_NAMES, BINARY_NAMES })) {
  test(`properties begin and end where they do in Rust: ${kind}`, () => {
    for (const name of names) {
      const set = property(name)?.set;
      assert.ok(set !== undefined, name);
      // All but the property, since a single character wouldn't come as a class.
      const others = rustClass(`\\P{${name}}`);
      assert.ok(others.length > 0 || name === "Any", name);
      for (const [first, last] of others) {
        for (const [codePoint, isMember] of [
          [first - 1, true],
          [first, false],
          [last, false],
          [last + 1, true],
        ] as const) {
          if (codePoint < 0 || codePoint > LAST || isSurrogate(codePoint)) continue;
          if (Math.abs(codePoint - CHANGED) < 2) continue;
          assert.equal(set.has(codePoint), isMember, `${name} U+${codePoint.toString(16)}`);
        }
      }
    }
  });
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

function escaped(codePoint: number): string {
  return `\\x{${codePoint.toString(16)}}`;
}

function listed(expression: string): readonly number[] {
  return rustClass(expression).flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
}
