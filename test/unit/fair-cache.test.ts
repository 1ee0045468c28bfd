import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createFairCache, ENTRY_BYTES, type FairCache, SHARES } from "../../src/fair-cache.ts";

const ENTRIES_A_SHARE = 10;
const SIZE = 1_000;
const BUDGET = SHARES * ENTRIES_A_SHARE * (SIZE + ENTRY_BYTES);

function fill(cache: FairCache<string>, owner: string, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) cache.add(`${owner}${i}`, owner, owner, SIZE);
}

function kept(cache: FairCache<string>, owner: string, count: number, from = 0): number {
  const keys = Array.from({ length: count }, (_, i) => `${owner}${i + from}`);
  return keys.filter((key) => cache.get(key) === owner).length;
}

test("one owner may use all of it, and keeps its newest", () => {
  const cache = createFairCache<string>(BUDGET);
  const most = SHARES * ENTRIES_A_SHARE;
  fill(cache, "a", most);
  assert.equal(kept(cache, "a", most), most);
  assert.equal(cache.bytes(), BUDGET);
  fill(cache, "a", 5, most);
  assert.equal(kept(cache, "a", 5), 0);
  assert.equal(kept(cache, "a", most, 5), most);
});

test("a flood of one owner takes nothing of those who hold no more than a share", () => {
  const cache = createFairCache<string>(BUDGET);
  const owners = Array.from({ length: SHARES - 1 }, (_, i) => `owner${i}-`);
  for (const owner of owners) fill(cache, owner, ENTRIES_A_SHARE);
  fill(cache, "flood", 10_000);
  for (const owner of owners) assert.equal(kept(cache, owner, ENTRIES_A_SHARE), ENTRIES_A_SHARE, owner);
});

test("room for a newcomer comes from who holds more than a share", () => {
  const cache = createFairCache<string>(BUDGET);
  fill(cache, "early", ENTRIES_A_SHARE);
  fill(cache, "flood", 10_000);
  fill(cache, "late", ENTRIES_A_SHARE);
  assert.equal(kept(cache, "early", ENTRIES_A_SHARE), ENTRIES_A_SHARE);
  assert.equal(kept(cache, "late", ENTRIES_A_SHARE), ENTRIES_A_SHARE);
  assert.equal(kept(cache, "flood", 10_000), (SHARES - 2) * ENTRIES_A_SHARE);
});

test("where nobody holds more than a share, the oldest goes", () => {
  const cache = createFairCache<string>(BUDGET);
  const most = SHARES * ENTRIES_A_SHARE;
  for (let i = 0; i <= most; i++) cache.add(`${i}`, "x", `owner${i}`, SIZE);
  assert.equal(cache.get("0"), undefined);
  assert.equal(cache.get("1"), "x");
  assert.equal(cache.size(), most);
});

test("what is larger than a share isn't kept", () => {
  const cache = createFairCache<string>(BUDGET);
  cache.add("large", "a", "a", BUDGET / SHARES - ENTRY_BYTES + 1);
  assert.equal(cache.get("large"), undefined);
  cache.add("fits", "a", "a", BUDGET / SHARES - ENTRY_BYTES);
  assert.equal(cache.get("fits"), "a");
});

test("a key has one value, the last", () => {
  const cache = createFairCache<string>(BUDGET);
  cache.add("key", "old", "a", SIZE);
  cache.add("key", "new", "b", 2 * SIZE);
  assert.equal(cache.get("key"), "new");
  assert.equal(cache.size(), 1);
  assert.equal(cache.bytes(), 2 * SIZE + ENTRY_BYTES);
});

const addition = fc.record({
  key: fc.nat({ max: 30 }),
  owner: fc.nat({ max: SHARES }),
  size: fc.nat({ max: 2_500 }),
});

test("whatever is added, the budget holds, and the last that fits is there", () => {
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 300 }), (additions) => {
      const budget = 30_000;
      const cache = createFairCache<number>(budget);
      const bytesOf = new Map<string, number>();
      for (const [i, { key, owner, size }] of additions.entries()) {
        const before = cache.get(`${key}`);
        cache.add(`${key}`, i, `${owner}`, size);
        const isFitting = size + ENTRY_BYTES <= budget / SHARES;
        if (isFitting) bytesOf.set(`${key}`, size + ENTRY_BYTES);
        assert.equal(cache.get(`${key}`), isFitting ? i : before);
        const there = [...bytesOf].filter(([name]) => cache.get(name) !== undefined);
        assert.equal(
          cache.bytes(),
          there.reduce((sum, [, bytes]) => sum + bytes, 0),
        );
        assert.equal(cache.size(), there.length);
        assert.ok(cache.bytes() <= budget);
      }
    }),
    { numRuns: 300 },
  );
});

test("whatever one owner adds, the others keep what they have within their shares", () => {
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 400 }), (additions) => {
      const budget = 30_000;
      const cache = createFairCache<number>(budget);
      const modest = new Map<string, { readonly bytes: number; readonly names: string[] }>();
      for (const [i, { owner, size }] of additions.entries()) {
        const bytes = size + ENTRY_BYTES;
        const name = `${i}`;
        const own = modest.get(`${owner}`) ?? { bytes: 0, names: [] };
        const isWithin = owner < SHARES - 1 && own.bytes + bytes <= budget / SHARES;
        if (isWithin) modest.set(`${owner}`, { bytes: own.bytes + bytes, names: [...own.names, name] });
        cache.add(name, i, isWithin ? `${owner}` : "flood", size);
      }
      for (const { names } of modest.values()) {
        for (const name of names) assert.equal(cache.get(name), Number(name));
      }
    }),
    { numRuns: 300 },
  );
});
