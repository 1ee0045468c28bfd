import { anyConstraint, type Theme } from "./constraints.ts";
import * as literals from "./literals.ts";
import type { Random } from "./random.ts";
import { sample } from "./sample.ts";
import type { ConstraintSpec, SubpathSpec, UrlSafeSpec } from "./spec.ts";
import { near } from "./values.ts";

/** A constraint that a careful holder would delegate under `parent`: the same or less. */
export function narrower(random: Random, theme: Theme, parent: ConstraintSpec): ConstraintSpec {
  if (random.chance(0.35)) return parent;
  if (random.chance(0.12)) return { exact: sample(random, theme, parent) };
  if ("wildcard" in parent) return anyConstraint(random, theme);
  if ("pattern" in parent) return { pattern: narrowerPattern(random, parent.pattern) };
  if ("range" in parent) {
    const { min, max } = parent.range;
    return {
      range: {
        ...parent.range,
        ...(min === undefined ? {} : { min: min + random.pick([0, 0, 0.5, 1]) }),
        ...(max === undefined ? { max: 1000 } : { max: max - random.pick([0, 0, 0.5, 1]) }),
        ...(random.chance(0.3) ? { minInclusive: false } : {}),
      },
    };
  }
  if ("oneOf" in parent) return { oneOf: random.some(parent.oneOf, 1) };
  if ("notOneOf" in parent) return { notOneOf: [...parent.notOneOf, theme.value(random)] };
  if ("cidr" in parent) return { cidr: narrowerNetwork(random, parent.cidr) };
  if ("urlPattern" in parent) return { urlPattern: narrowerUrl(random, parent.urlPattern) };
  if ("contains" in parent) return { contains: [...parent.contains, random.pick(literals.TAGS)] };
  if ("subset" in parent) return { subset: random.some(parent.subset) };
  if ("subpath" in parent) return narrowerSubpath(random, theme, parent.subpath);
  if ("urlSafe" in parent) return { urlSafe: narrowerUrlSafe(random, parent.urlSafe) };
  if ("shlex" in parent) return { shlex: random.some(parent.shlex, 1) };
  if ("cel" in parent) {
    const [further] = random.pick(literals.CEL_EXPRESSIONS);
    return { cel: random.pick([`(${parent.cel}) && (${further})`, `(${parent.cel})&&(${further})`]) };
  }
  if ("all" in parent) {
    const members = parent.all.map((member) => narrower(random, theme, member));
    return { all: random.chance(0.4) ? [...members, anyConstraint(random, theme, 2)] : members };
  }
  if ("any" in parent) {
    return { any: random.some(parent.any, 1).map((member) => narrower(random, theme, member)) };
  }
  if ("not" in parent) return { not: random.chance(0.7) ? wider(random, theme, parent.not) : parent.not };
  return parent;
}

function narrowerPattern(random: Random, pattern: string): string {
  if (pattern.endsWith("*") && !pattern.endsWith("**")) {
    return pattern.slice(0, -1) + random.pick(["a/*", "a", "1", "*", "x*"]);
  }
  if (pattern.startsWith("*")) return random.pick(["*x", "x", "/data/*", "*"]) + pattern.slice(1);
  return pattern;
}

/** Half of them inside, by luck; the point is that some are inside and some nearly are. */
function narrowerNetwork(random: Random, network: string): string {
  const family = network.includes(":") ? ":" : ".";
  const others = literals.CIDRS.filter((other) => other.includes(family) && other.endsWith("/0") === false);
  return random.pick([network, ...others]);
}

function narrowerUrl(random: Random, pattern: string): string {
  return random.pick([
    pattern,
    pattern.replace("*://", "https://"),
    pattern.replace("//*.", "//api."),
    pattern.replace("//*.", "//*.eu."),
    pattern.replace(/\/\*$/u, "/v1/*"),
    pattern.replace(/\/\*$/u, "/v1"),
    `${pattern.replace(/\/$/u, "")}/x`,
  ]);
}

function narrowerSubpath(random: Random, theme: Theme, parent: SubpathSpec): ConstraintSpec {
  const below = { ...parent, root: `${parent.root.replace(/[\\/]$/u, "")}/a` };
  return random.pick<ConstraintSpec>([
    { subpath: below },
    { subpath: { ...parent, caseSensitive: true } },
    { subpath: { ...parent, allowEqual: false } },
    { exact: sample(random, theme, { subpath: parent }) },
    { subset: [`${parent.root}/a`, `${parent.root}/b`] },
  ]);
}

function narrowerUrlSafe(random: Random, parent: UrlSafeSpec): UrlSafeSpec {
  const { schemes, allow_domains: allowed, allow_ports: ports } = parent;
  return {
    ...parent,
    ...(random.chance(0.3) ? { schemes: schemes?.slice(0, 1) ?? ["https"] } : {}),
    ...(random.chance(0.3) ? { allow_domains: allowed?.slice(0, 1) ?? ["api.example.com"] } : {}),
    ...(random.chance(0.2) ? { allow_ports: ports?.slice(0, 1) ?? [443] } : {}),
    ...(random.chance(0.2) ? { deny_domains: [...(parent.deny_domains ?? []), "evil.net"] } : {}),
    ...(random.chance(0.2) ? { block_internal_tlds: true, block_private: true } : {}),
  };
}

/** A constraint that allows more than `child`, or the same. */
function wider(random: Random, theme: Theme, child: ConstraintSpec): ConstraintSpec {
  if (random.chance(0.1)) return { wildcard: true };
  if ("exact" in child) return { oneOf: [child.exact, theme.value(random)] };
  if ("oneOf" in child) return { oneOf: [...child.oneOf, theme.value(random)] };
  if ("notOneOf" in child) return { notOneOf: child.notOneOf.slice(1) };
  if ("pattern" in child) return { pattern: child.pattern.replace(/[^*]\*?$/u, "*") };
  if ("range" in child) return { range: widerRange(random, child.range) };
  if ("cidr" in child) return { cidr: random.pick(["0.0.0.0/0", "::/0", "10.0.0.0/8"]) };
  if ("urlPattern" in child) {
    const { urlPattern } = child;
    return {
      urlPattern: random.pick([urlPattern.replace(/\/[^/]*$/u, "/*"), urlPattern.replace(/^\w+/u, "*")]),
    };
  }
  if ("contains" in child) return { contains: child.contains.slice(1) };
  if ("subset" in child) return { subset: [...child.subset, random.pick(literals.TAGS)] };
  if ("subpath" in child) {
    const up = { ...child.subpath, root: child.subpath.root.replace(/\/[^/]*$/u, "") };
    return { subpath: random.pick([up, { ...child.subpath, allowEqual: true }]) };
  }
  if ("urlSafe" in child) {
    const [gone] = random.pick([...Object.entries(child.urlSafe), ["block_private"]]);
    const rest = Object.entries(child.urlSafe).filter(([name]) => name !== gone);
    return {
      urlSafe: { ...Object.fromEntries(rest), ...(random.chance(0.3) ? { block_loopback: false } : {}) },
    };
  }
  if ("shlex" in child) return { shlex: [...child.shlex, random.pick(literals.PROGRAMS)] };
  if ("all" in child) return { all: child.all.slice(1) };
  if ("any" in child) return { any: [...child.any, anyConstraint(random, theme, 2)] };
  if ("not" in child) return { not: narrower(random, theme, child.not) };
  return child;
}

function widerRange(random: Random, range: Extract<ConstraintSpec, { range: unknown }>["range"]) {
  const { min, max, ...flags } = range;
  return {
    ...flags,
    ...(min === undefined || random.chance(0.2) ? {} : { min: min - random.pick([0, 0.5, 1]) }),
    ...(max === undefined || random.chance(0.2) ? {} : { max: max + random.pick([0, 0.5, 1]) }),
    ...(random.chance(0.3) ? { minInclusive: true } : {}),
  };
}

/** Some change that may go either way. */
export function varied(random: Random, theme: Theme, constraint: ConstraintSpec): ConstraintSpec {
  const choice = random.below(8);
  if (choice < 3) return wider(random, theme, constraint);
  if (choice === 3) return { exact: near(random, sample(random, theme, constraint)) };
  if (choice === 4) {
    return random.pick([{ all: [constraint] }, { any: [constraint] }, { not: { not: constraint } }]);
  }
  if (choice === 5) return swapped(random, constraint);
  if (choice === 6) return anyConstraint(random, theme);
  return narrower(random, theme, constraint);
}

/** The same material under another kind, or a member in place of its composite. */
function swapped(random: Random, constraint: ConstraintSpec): ConstraintSpec {
  if ("oneOf" in constraint) {
    return random.pick([{ notOneOf: constraint.oneOf }, { not: { notOneOf: constraint.oneOf } }]);
  }
  if ("notOneOf" in constraint) {
    return random.pick([{ oneOf: constraint.notOneOf }, { not: { oneOf: constraint.notOneOf } }]);
  }
  if ("all" in constraint) return { any: constraint.all };
  if ("any" in constraint) return random.pick([{ all: constraint.any }, constraint.any[0] ?? constraint]);
  if ("not" in constraint) return constraint.not;
  if ("exact" in constraint && typeof constraint.exact === "string") return { pattern: constraint.exact };
  if ("pattern" in constraint) return { exact: constraint.pattern };
  if ("contains" in constraint) return { subset: constraint.contains };
  if ("subset" in constraint) return { contains: constraint.subset };
  return { not: constraint };
}
