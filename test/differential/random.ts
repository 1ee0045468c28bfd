import { createHash } from "node:crypto";

/** Repeatable choices: the same seed and index give the same ones on every machine. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** Some of the items, at least `least` of them, in their order. */
  some<Item>(items: readonly Item[], least?: number): Item[];
}

/** The choices of case number `index` of a run; a case needs none of the cases before it. */
export function randomFor(seed: number, index: number): Random {
  const next = sfc32(createHash("sha256").update(`${seed}:${index}`).digest());
  const random: Random = {
    below: (limit) => Math.floor((next() / 2 ** 32) * limit),
    chance: (probability) => next() < probability * 2 ** 32,
    pick: <Item>(items: readonly Item[]): Item => {
      if (items.length === 0) throw new Error("nothing to pick from");
      return items[random.below(items.length)] as Item;
    },
    some: (items, least = 0) => {
      const kept = items.filter(() => random.chance(0.6));
      return kept.length >= least ? kept : items.slice(0, least);
    },
  };
  return random;
}

/** Chris Doty-Humphrey's small fast counter generator. */
function sfc32(state: Buffer): () => number {
  let [a, b, c, counter] = [0, 4, 8, 12].map((offset) => state.readInt32LE(offset)) as [
    number,
    number,
    number,
    number,
  ];
  return () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
}
