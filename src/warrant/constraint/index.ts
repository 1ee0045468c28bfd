import type { CborValue } from "../../cbor/value.ts";
import { MAX_CONSTRAINT_MEMBERS, MAX_CONSTRAINT_NESTING, MAX_STACK_CONSTRAINTS } from "../limits.ts";
import { asArray, asUnsigned, Malformed } from "../malformed.ts";
import { parseCelConstraint } from "./cel.ts";
import { parseCidr } from "./cidr.ts";
import * as composite from "./composite.ts";
import type { Constraint } from "./constraint.ts";
import { parseContains } from "./contains.ts";
import { parseExact } from "./exact.ts";
import { parseNotOneOf } from "./not-one-of.ts";
import { parseOneOf } from "./one-of.ts";
import { parsePattern } from "./pattern.ts";
import { parseRange } from "./range.ts";
import { parseRegex } from "./regex.ts";
import { parseShlex } from "./shlex.ts";
import { parseSubpath } from "./subpath.ts";
import { parseSubset } from "./subset.ts";
import { unknown } from "./unknown.ts";
import { parseUrlPattern } from "./url-pattern.ts";
import { parseUrlSafe } from "./url-safe.ts";
import { parseWildcard } from "./wildcard.ts";

export { cel } from "./cel.ts";
export { cidr } from "./cidr.ts";
export { type Constraint, type FailsOn, isFault, type Outcome } from "./constraint.ts";
export { contains } from "./contains.ts";
export { exact } from "./exact.ts";
export { isIdentical } from "./identity.ts";
export { notOneOf } from "./not-one-of.ts";
export { oneOf } from "./one-of.ts";
export { pattern } from "./pattern.ts";
export { range } from "./range.ts";
export { regex } from "./regex.ts";
export { shlex } from "./shlex.ts";
export { subpath } from "./subpath.ts";
export { subset } from "./subset.ts";
export { urlPattern } from "./url-pattern.ts";
export { urlSafe } from "./url-safe.ts";
export { wildcard } from "./wildcard.ts";

type Parse = (value: CborValue, parseMember: composite.ParseMember) => Constraint;

/** Every kind that can be evaluated, by its type number; all others are carried as unknown. */
const KINDS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [1, parseExact],
  [2, parsePattern],
  [3, parseRange],
  [4, parseOneOf],
  [5, parseRegex],
  [7, parseNotOneOf],
  [8, parseCidr],
  [9, parseUrlPattern],
  [10, parseContains],
  [11, parseSubset],
  [12, (value, parse) => all(composite.parseMembers(value, "an All", parse))],
  [13, (value, parse) => any(composite.parseMembers(value, "an Any", parse))],
  [14, (value, parse) => not(composite.parseMember(value, parse))],
  [15, parseCelConstraint],
  [16, parseWildcard],
  [17, parseSubpath],
  [18, parseUrlSafe],
  [128, parseShlex],
]);

/** Composites count as one level above their members; a leaf is level 0. */
const COMPOSITES: ReadonlySet<number> = new Set([12, 13, 14]);

/** How many constraints may still be read. */
export interface Room {
  left: number;
}

/** For the constraints of one stack. */
export function roomForConstraints(): Room {
  return { left: MAX_STACK_CONSTRAINTS };
}

/**
 * Reads `[type, value]`.
 *
 * @throws {Malformed} when the shape is wrong, composites nest deeper than {@link MAX_CONSTRAINT_NESTING} or hold more than
 * {@link MAX_CONSTRAINT_MEMBERS}, or there is no room left.
 */
export function parseConstraint(value: CborValue, room: Room = roomForConstraints()): Constraint {
  const most = Math.min(room.left, MAX_CONSTRAINT_MEMBERS);
  const own = { left: most };
  const constraint = parseAtLevel(value, 0, own);
  room.left -= most - own.left;
  return constraint;
}

function parseAtLevel(value: CborValue, level: number, room: Room): Constraint {
  if (--room.left < 0) throw new Malformed("more constraints than are read of one warrant or stack");
  const pair = asArray(value, "a constraint");
  if (pair.length !== 2) throw new Malformed("a constraint isn't a pair of type and value");
  const type = asUnsigned(pair[0], 255, "the type of a constraint");
  const parse = KINDS.get(type);
  if (parse === undefined) return unknown(type, pair[1]);
  if (COMPOSITES.has(type) && level >= MAX_CONSTRAINT_NESTING) {
    throw new Malformed(`constraints nest deeper than ${MAX_CONSTRAINT_NESTING} levels`);
  }
  return parse(pair[1], (member) => parseAtLevel(member, level + 1, room));
}

/** The wire form `[type, value]`. */
export function writeConstraint(constraint: Constraint): CborValue {
  return [BigInt(constraint.type), constraint.toCbor()];
}

export function all(members: readonly Constraint[]): Constraint {
  return composite.all(members, writeConstraint);
}

export function any(members: readonly Constraint[]): Constraint {
  return composite.any(members, writeConstraint);
}

export function not(member: Constraint): Constraint {
  return composite.not(member, writeConstraint);
}
