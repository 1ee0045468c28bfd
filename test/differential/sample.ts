import type { Value } from "../../src/value.ts";
import { letters, url } from "./compose.ts";
import type { Theme } from "./constraints.ts";
import { likelyMatch } from "./likely.ts";
import * as literals from "./literals.ts";
import type { Random } from "./random.ts";
import type { ConstraintSpec } from "./spec.ts";
import { anyScalar, anyTags, near } from "./values.ts";

/** An argument under `constraint`: mostly one that should match, sometimes one that just misses, or anything. */
export function argumentFor(random: Random, theme: Theme, constraint: ConstraintSpec): Value {
  if (random.chance(0.04)) return random.chance(0.5) ? anyScalar(random) : theme.value(random);
  const value = likelyMatch(random, constraint, () => sample(random, theme, constraint));
  return random.chance(0.06) ? near(random, value) : value;
}

/** A value that the constraint probably matches. */
export function sample(random: Random, theme: Theme, constraint: ConstraintSpec): Value {
  if ("exact" in constraint) return constraint.exact;
  if ("oneOf" in constraint) return constraint.oneOf.length > 0 ? random.pick(constraint.oneOf) : null;
  if ("pattern" in constraint) return expandPattern(random, constraint.pattern);
  if ("range" in constraint) {
    const { min, max } = constraint.range;
    const number = random.pick([min ?? max ?? 0, max ?? min ?? 0, ((min ?? 0) + (max ?? min ?? 0)) / 2]);
    return Number.isSafeInteger(number) && random.chance(0.7) ? BigInt(number) : number;
  }
  if ("regex" in constraint) return sampleOf(random, literals.REGEXES, constraint.regex);
  if ("cel" in constraint) return sampleOf(random, literals.CEL_EXPRESSIONS, constraint.cel);
  if ("cidr" in constraint) return inside(random, literals.ADDRESSES, constraint.cidr.slice(0, 3));
  if ("urlPattern" in constraint) return urlFor(random, constraint.urlPattern);
  if ("urlSafe" in constraint) return random.chance(0.5) ? random.pick(literals.URLS) : url(random);
  if ("contains" in constraint) return [...constraint.contains, ...anyTags(random)];
  if ("subset" in constraint) return random.some(constraint.subset);
  if ("subpath" in constraint) return pathUnder(random, constraint.subpath.root);
  if ("shlex" in constraint) {
    const program = random.pick(constraint.shlex.length > 0 ? constraint.shlex : ["ls"]);
    return random.chance(0.3)
      ? random.pick(literals.COMMANDS)
      : `${program} ${random.pick(["-l", "'a b'", "/data"])}`;
  }
  if ("all" in constraint || "any" in constraint) {
    const members = "all" in constraint ? constraint.all : constraint.any;
    return members.length > 0 ? sample(random, theme, random.pick(members)) : theme.value(random);
  }
  if ("not" in constraint) return near(random, sample(random, theme, constraint.not));
  return theme.value(random);
}

const SET = /\[(!?)([^\]]+)\]/gu;

function expandPattern(random: Random, pattern: string): string {
  return pattern
    .replace(SET, (_, negated: string, members: string) => (negated ? "z" : (Array.from(members)[0] ?? "")))
    .replaceAll("**/", () => random.pick(["", "x/", "x/y/"]))
    .replaceAll("**", () => random.pick(["x", "x/y"]))
    .replaceAll("*", () => random.pick(["", "x", "x/y", "1"]))
    .replaceAll("?", "7");
}

function sampleOf(random: Random, table: readonly (readonly string[])[], key: string): Value {
  const [, ...texts] = table.find(([text]) => text !== undefined && text !== "" && key.includes(text)) ?? [];
  const text = texts.length > 0 ? random.pick(texts) : letters(random);
  return /^[0-9]+$/.test(text) && random.chance(0.5) ? BigInt(text) : text;
}

function inside(random: Random, addresses: readonly string[], start: string): string {
  const near = addresses.filter((address) => address.startsWith(start));
  return random.pick(near.length > 0 ? near : addresses);
}

function urlFor(random: Random, pattern: string): string {
  if (random.chance(0.3)) return random.pick(literals.URLS);
  return pattern
    .replace("*://", () => random.pick(["https://", "http://", "foo://"]))
    .replace("//*.", () => random.pick(["//", "//api.", "//a.b."]))
    .replaceAll("*", () => random.pick(["", "x", "v1/x"]));
}

function pathUnder(random: Random, root: string): Value {
  const below = random.pick(["", "/", "/a", "/a/../b", "/..", "/../../etc", "\\a", "/./a//b", "x"]);
  const path = random.chance(0.1) ? `${root}${below}`.toUpperCase() : `${root}${below}`;
  return random.chance(0.15) ? random.pick<Value>([[path], [path, "/etc"], []]) : path;
}
