import type { Value } from "../../src/value.ts";
import * as compose from "./compose.ts";
import * as literals from "./literals.ts";
import type { Random } from "./random.ts";
import type { ConstraintSpec, Kind, RangeSpec } from "./spec.ts";
import { anyNumber, anyTags, anyText, anyValue } from "./values.ts";

/** What an argument holds, and so which constraints are sensible for it. */
export interface Theme {
  readonly kinds: readonly Kind[];
  readonly value: (random: Random) => Value;
}

const ANYWHERE: readonly Kind[] = ["exact", "oneOf", "notOneOf", "wildcard"];

/** The arguments of every tool. */
export const THEMES: Readonly<Record<string, Theme>> = {
  path: { kinds: [...ANYWHERE, "pattern", "pattern", "regex", "subpath", "subpath", "cel"], value: anyPath },
  count: { kinds: [...ANYWHERE, "range", "range", "range", "cel"], value: anyNumber },
  url: {
    kinds: ["exact", "pattern", ...twice("urlPattern"), ...twice("urlSafe")],
    value: oneOf(literals.URLS, compose.url),
  },
  address: {
    kinds: ["exact", "oneOf", ...twice("cidr"), ...twice("cidr")],
    value: oneOf(literals.ADDRESSES, compose.address),
  },
  command: {
    kinds: ["exact", "pattern", ...twice("shlex"), "shlex"],
    value: oneOf(literals.COMMANDS, compose.command),
  },
  tags: { kinds: ["exact", "wildcard", ...twice("contains"), ...twice("subset"), "subpath"], value: anyTags },
  option: { kinds: [...ANYWHERE, "range", "pattern", "contains", "regex"], value: anyValue },
};

function twice(kind: Kind): readonly Kind[] {
  return [kind, kind];
}

function oneOf(texts: readonly string[], composed: (random: Random) => string): (random: Random) => string {
  return (random) => (random.chance(0.5) ? random.pick(texts) : composed(random));
}

function anyPath(random: Random): string {
  return random.pick([anyText, compose.path, compose.letters])(random);
}

const COMPOSITES: readonly Kind[] = ["all", "any", "not"];
const UNASSIGNED = [6, 19, 127, 129, 255];

/** Some constraint on an argument of that theme; composites nest a few levels at most. */
export function anyConstraint(random: Random, theme: Theme, level = 0): ConstraintSpec {
  if (random.chance(0.02)) return { unknown: { type: random.pick(UNASSIGNED), value: anyValue(random) } };
  const kind = level < 3 && random.chance(0.2) ? random.pick(COMPOSITES) : random.pick(theme.kinds);
  return ofKind(random, theme, kind, level);
}

function ofKind(random: Random, theme: Theme, kind: Kind, level: number): ConstraintSpec {
  const member = () => anyConstraint(random, theme, level + 1);
  const values = () => listOf(random, 1, () => theme.value(random));
  switch (kind) {
    case "exact":
      return { exact: theme.value(random) };
    case "pattern":
      return { pattern: random.chance(0.5) ? random.pick(literals.PATTERNS) : compose.glob(random) };
    case "range":
      return { range: anyRange(random) };
    case "oneOf":
      return { oneOf: values() };
    case "regex":
      return { regex: random.chance(0.5) ? random.pick(literals.REGEXES)[0] : compose.regex(random) };
    case "notOneOf":
      return { notOneOf: values() };
    case "cidr":
      return { cidr: random.chance(0.5) ? random.pick(literals.CIDRS) : compose.network(random) };
    case "urlPattern":
      return {
        urlPattern: random.chance(0.5) ? random.pick(literals.URL_PATTERNS) : compose.urlPattern(random),
      };
    case "contains":
      return { contains: anyTags(random) };
    case "subset":
      return { subset: [...anyTags(random), ...anyTags(random)] };
    case "all":
      return { all: listOf(random, random.chance(0.95) ? 1 : 0, member) };
    case "any":
      return { any: listOf(random, random.chance(0.95) ? 1 : 0, member) };
    case "not":
      return { not: member() };
    case "cel":
      return { cel: random.chance(0.5) ? random.pick(literals.CEL_EXPRESSIONS)[0] : compose.cel(random) };
    case "subpath":
      return { subpath: random.pick(literals.SUBPATHS) };
    case "urlSafe":
      return { urlSafe: random.pick(literals.URL_SAFES) };
    case "shlex":
      return { shlex: random.some(literals.PROGRAMS, 1) };
    case "wildcard":
    case "unknown":
      return { wildcard: true };
  }
}

function listOf<Item>(random: Random, least: number, make: () => Item): Item[] {
  return Array.from({ length: least + random.below(3) }, make);
}

const BOUNDS = [-10, 0, 0.5, 1, 2, 10, 100, 1000];

function anyRange(random: Random): RangeSpec {
  const low = random.pick(BOUNDS);
  const high = random.chance(0.9) ? low + random.pick([0, 1, 5, 90, 1e6]) : low - 1;
  return {
    ...(random.chance(0.8) ? { min: low } : {}),
    ...(random.chance(0.8) ? { max: high } : {}),
    ...(random.chance(0.2) ? { minInclusive: random.chance(0.3) } : {}),
    ...(random.chance(0.2) ? { maxInclusive: random.chance(0.3) } : {}),
  };
}
