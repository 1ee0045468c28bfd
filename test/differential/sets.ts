import { anyConstraint, THEMES, type Theme } from "./constraints.ts";
import { likelyNarrower } from "./likely.ts";
import { narrower } from "./narrow.ts";
import type { Random } from "./random.ts";
import type { KeyName, SetSpec } from "./spec.ts";

/** Tools that have a route; `*` and others occur in warrants only. */
export const TOOLS = ["read", "write", "list", "deploy"] as const;
/** Tools that need clearance, which 0.3.5 has no setting for. */
export const REQUIRED_CLEARANCE: Readonly<Record<string, number>> = { deploy: 30 };
export const ARGUMENTS: readonly string[] = Object.keys(THEMES);

export const HOLDERS: readonly KeyName[] = ["a", "b", "c", "d", "e", "f"];

export function anySet(random: Random): SetSpec {
  const size = random.pick([0, 1, 1, 1, 1, 2, 2, 2, 3, 4]);
  const names = new Set(Array.from({ length: size }, () => random.pick(ARGUMENTS)));
  const constraints = Array.from(
    names,
    (name) => [name, anyConstraint(random, themeOf(random, name))] as const,
  );
  return {
    constraints: Object.fromEntries(constraints),
    ...(random.chance(0.2) ? { allowUnknown: true } : {}),
  };
}

/** The theme of an argument; now and then another, so that every kind of constraint meets every kind of value. */
export function themeOf(random: Random, name: string): Theme {
  const theme = random.chance(0.04) ? random.pick(Object.values(THEMES)) : THEMES[name];
  if (theme === undefined) throw new Error(`no theme for ${name}`);
  return theme;
}

/** The same set with mostly one constraint narrowed, as each further one makes it less likely that all are narrower. */
export function narrowerSet(random: Random, set: SetSpec): SetSpec {
  const names = Object.keys(set.constraints);
  if (names.length === 0) {
    const { allowUnknown: _closed, ...closed } = anySet(random);
    return random.chance(0.5) ? closed : { constraints: {} };
  }
  const chosen = random.pick(names);
  const constraints = Object.entries(set.constraints).map(([name, constraint]) => {
    if (name !== chosen && !random.chance(0.1)) return [name, constraint] as const;
    const child = () => narrower(random, themeOf(random, name), constraint);
    return [name, likelyNarrower(random, constraint, child)] as const;
  });
  const allowUnknown = set.allowUnknown === true && random.chance(0.7);
  return { constraints: Object.fromEntries(constraints), ...(allowUnknown ? { allowUnknown } : {}) };
}
