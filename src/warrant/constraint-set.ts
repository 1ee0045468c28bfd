import type { CborValue } from "../cbor/value.ts";
import type { Evaluation } from "../evaluation.ts";
import type { Steps } from "../steps.ts";
import { compareText } from "../text-order.ts";
import { type Arguments, formatValue } from "../value.ts";
import { type Constraint, isFault, parseConstraint, type Room, writeConstraint } from "./constraint/index.ts";
import { MAX_CONSTRAINTS_PER_SET } from "./limits.ts";
import { asBoolean, asMap, asStruct, asText, Malformed } from "./malformed.ts";
import type { WarrantRefusal } from "./refusal.ts";

/**
 * What a warrant says of the arguments of one tool (wire format §6). No constraint at all leaves the arguments
 * free; one or more close the set: every named argument has to be there, and no other unless `allowUnknown`.
 */
export interface ConstraintSet {
  /** In the byte order of the names, which is the order they are checked in. */
  readonly constraints: ReadonlyMap<string, Constraint>;
  readonly allowUnknown: boolean;
}

export function constraintSet(
  constraints: Readonly<Record<string, Constraint>> | ReadonlyMap<string, Constraint>,
  allowUnknown = false,
): ConstraintSet {
  const entries = constraints instanceof Map ? [...constraints] : Object.entries(constraints);
  entries.sort(([a], [b]) => compareText(a, b));
  return Object.freeze({ constraints: new Map(entries), allowUnknown });
}

export function* parseConstraintSet(value: CborValue, room: Room): Steps<ConstraintSet> {
  const members = asStruct(value, "a constraint set", ["constraints"], ["allow_unknown"]);
  const named = asMap(members.constraints, "`constraints`");
  if (named.size > MAX_CONSTRAINTS_PER_SET) {
    throw new Malformed(`a constraint set has more than ${MAX_CONSTRAINTS_PER_SET} constraints`);
  }
  const constraints = new Map<string, Constraint>();
  for (const [name, constraint] of named) {
    yield;
    constraints.set(asText(name, "the name of an argument"), parseConstraint(constraint, room));
  }
  const allowUnknown = "allow_unknown" in members && asBoolean(members.allow_unknown, "`allow_unknown`");
  return constraintSet(constraints, allowUnknown);
}

export function constraintSetToCbor(set: ConstraintSet): CborValue {
  const constraints = new Map([...set.constraints].map(([name, c]) => [name, writeConstraint(c)]));
  const members: [string, CborValue][] = [["constraints", constraints]];
  if (set.allowUnknown) members.push(["allow_unknown", true]);
  return new Map(members);
}

/** Holds the arguments of a call against a set: undeclared arguments first, then the declared ones, by name. */
export function checkArguments(
  set: ConstraintSet,
  args: Arguments,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  if (set.constraints.size === 0) return undefined;
  if (!set.allowUnknown) {
    const undeclared = [...args.keys()].filter((name) => !set.constraints.has(name)).sort(compareText)[0];
    if (undeclared !== undefined) return violation(undeclared, "is not an argument the warrant names", args);
  }
  for (const [name, constraint] of set.constraints) {
    const argument = args.get(name);
    if (argument === undefined) return violation(name, "is missing", args, constraint);
    const result = constraint.matches(argument, evaluation);
    if (isFault(result)) return refuseFault(result, name, args, constraint);
    if (result === "no_match") return violation(name, "not in", args, constraint);
  }
  return undefined;
}

/** Of an argument that can't be held against a constraint. */
export function refuseFault(
  fault: "error" | "unknown",
  name: string,
  args: Arguments,
  constraint: Constraint,
): WarrantRefusal {
  const violated = violation(name, "can't be evaluated against", args, constraint);
  return fault === "error" ? violated : { ...violated, refused: "unknown_constraint" };
}

/** @param why between argument and constraint, or behind the argument where one of them is missing */
function violation(field: string, why: string, args: Arguments, constraint?: Constraint): WarrantRefusal {
  const value = args.get(field);
  const described = constraint?.describe();
  return {
    refused: "constraint_violation",
    detail:
      value === undefined || described === undefined
        ? `\`${field}\` ${why}`
        : `${field}=${formatValue(value)} ${why} ${described}`,
    field,
    ...(described === undefined ? {} : { constraint: described }),
    ...(value === undefined ? {} : { value }),
  };
}

/** Steps of finding one argument in both sets. */
const NAME_EFFORT = 5;

/** Why `child` may not follow `parent`; undefined when it only narrows. */
export function widening(
  parent: ConstraintSet,
  child: ConstraintSet,
  evaluation: Evaluation,
): string | undefined {
  if (child.allowUnknown && !parent.allowUnknown) return "allows unknown arguments";
  if (parent.constraints.size === 0) return undefined;
  evaluation.spend(NAME_EFFORT * (parent.constraints.size + child.constraints.size));
  for (const name of child.constraints.keys()) {
    if (!parent.constraints.has(name)) return `adds the argument \`${name}\``;
  }
  for (const [name, constraint] of parent.constraints) {
    const narrower = child.constraints.get(name);
    if (narrower === undefined) return `drops the constraint on \`${name}\``;
    if (!constraint.permits(narrower, evaluation)) {
      return `widens \`${name}\` from ${constraint.describe()} to ${narrower.describe()}`;
    }
  }
  return undefined;
}
