import { isNewer } from "./newer.ts";

/**
 * Simple case folding of Unicode: the other code points that are the same letter, such as `K`, `k` and the Kelvin sign.
 */
export function ignoringCase(codePoint: number): readonly number[] {
  counterparts ??= findCounterparts();
  return counterparts.get(codePoint) ?? NONE;
}

const NONE: readonly number[] = Object.freeze([]);

/** Dotless i is upper-cased to I, but doesn't fold to it. */
const DOTLESS_I = 0x131;

/** Letters that fold to one another, though no mapping of a single character leads there. */
const EQUIVALENT: ReadonlyMap<number, number> = new Map([
  [0x1fd3, 0x390],
  [0x1fe3, 0x3b0],
  [0xfb05, 0xfb06],
]);

const LAST_CASED = 0x1e943;
const CASED = /[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u;

/** Made when first asked for: most warrants ignore no case, and it takes some 20 ms. */
let counterparts: ReadonlyMap<number, readonly number[]> | undefined;

function findCounterparts(): ReadonlyMap<number, readonly number[]> {
  const letters = new Map<number, number[]>();
  for (let codePoint = 0; codePoint <= LAST_CASED; codePoint++) {
    if (!CASED.test(String.fromCodePoint(codePoint)) || isNewer(codePoint)) continue;
    const key = foldKey(codePoint);
    const same = letters.get(key);
    if (same === undefined) letters.set(key, [codePoint]);
    else same.push(codePoint);
  }
  const result = new Map<number, readonly number[]>();
  for (const same of letters.values()) {
    for (const codePoint of same.length > 1 ? same : []) {
      result.set(codePoint, Object.freeze(same.filter((other) => other !== codePoint)));
    }
  }
  return result;
}

/** The same for letters that fold to one another. */
function foldKey(codePoint: number): number {
  if (codePoint === DOTLESS_I) return codePoint;
  const upper = single(codePoint, (char) => char.toUpperCase());
  const lower = single(upper, (char) => char.toLowerCase());
  return EQUIVALENT.get(lower) ?? lower;
}

function single(codePoint: number, map: (char: string) => string): number {
  const [mapped = "", ...more] = map(String.fromCodePoint(codePoint));
  return more.length === 0 ? (mapped.codePointAt(0) as number) : codePoint;
}
