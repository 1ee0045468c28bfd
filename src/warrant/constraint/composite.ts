import type { CborValue } from "../../cbor/value.ts";
import type { Evaluation } from "../../evaluation.ts";
import type { Value } from "../../value.ts";
import { asArray, asStruct } from "../malformed.ts";
import { type Constraint, type FailsOn, isFault, type Outcome } from "./constraint.ts";
import { isExact } from "./exact.ts";
import { isIdentical } from "./identity.ts";
import { wildcard } from "./wildcard.ts";

/** Reads a nested constraint; handed in, so that composites need not know the other kinds. */
export type ParseMember = (value: CborValue) => Constraint;
/** Writes one, type number included. */
export type WriteMember = (constraint: Constraint) => CborValue;

interface Composite extends Constraint {
  readonly members: readonly Constraint[];
}

/** Every member matches, asked in order; an empty list can't be evaluated. */
export function all(members: readonly Constraint[], write: WriteMember): Composite {
  const matches = (argument: Value, evaluation: Evaluation): Outcome => {
    if (members.length === 0) return "error";
    for (const member of members) {
      const result = matchMember(member, argument, evaluation);
      if (result !== "match") return result;
    }
    return "match";
  };
  return Object.freeze({
    kind: "All",
    type: 12,
    members,
    failsOn: (evaluation: Evaluation) => (members.length === 0 ? "anything" : failureOf(members, evaluation)),
    matches,
    permits: (child: Constraint, evaluation: Evaluation) => {
      if (members.length === 0) return false;
      if (isExact(child)) return matches(child.value, evaluation) === "match";
      if (!isComposite(child, "All") || child.members.length === 0) return false;
      return members.every((member) =>
        child.members.some((narrower) => permitsMember(member, narrower, evaluation)),
      );
    },
    describe: () => `All(${describeMembers(members)})`,
    toCbor: () => new Map([["constraints", members.map(write)]]),
  });
}

/** Some member matches, asked in order; a member that can't be evaluated before a match ends it. */
export function any(members: readonly Constraint[], write: WriteMember): Composite {
  /**
   * Whether some member permits the child's at `index`, and none before it fails where that matches: not on what it
   * matches, or only where one that the child asks before it fails too, or behind one that matches all of it.
   */
  const permitsAt = (index: number, narrower: readonly Constraint[], evaluation: Evaluation): boolean => {
    const child = narrower[index] as Constraint;
    for (const [i, member] of members.entries()) {
      if (permitsMember(member, child, evaluation)) return true;
      const isHarmless =
        !mayFailOn(member, child, evaluation) ||
        failsBefore(index, narrower, member, evaluation) ||
        // One that isn't permitted by itself, as `Subpath(/data/)`, and so by another one only.
        members.slice(0, i).some((earlier) => isIdentical(earlier, child, evaluation));
      if (!isHarmless) return false;
    }
    return false;
  };
  return Object.freeze({
    kind: "Any",
    type: 13,
    members,
    failsOn: (evaluation: Evaluation) => failureOf(members, evaluation),
    matches: (argument: Value, evaluation: Evaluation): Outcome => {
      for (const member of members) {
        const result = matchMember(member, argument, evaluation);
        if (result !== "no_match") return result;
      }
      return "no_match";
    },
    permits: (child: Constraint, evaluation: Evaluation) =>
      isComposite(child, "Any") &&
      child.members.every((_, index) => permitsAt(index, child.members, evaluation)),
    describe: () => `Any(${describeMembers(members)})`,
    toCbor: () => new Map([["constraints", members.map(write)]]),
  });
}

/** The opposite of its member, which has to be evaluable. */
export interface Not extends Constraint {
  readonly kind: "Not";
  readonly member: Constraint;
}

export function not(member: Constraint, write: WriteMember): Not {
  return Object.freeze({
    kind: "Not",
    type: 14,
    member,
    failsOn: (evaluation: Evaluation) => failureOf([member], evaluation),
    matches: (argument: Value, evaluation: Evaluation): Outcome => {
      const result = matchMember(member, argument, evaluation);
      if (isFault(result)) return result;
      return result === "match" ? "no_match" : "match";
    },
    permits: (child: Constraint, evaluation: Evaluation) =>
      isNot(child) &&
      permitsMember(child.member, member, evaluation) &&
      // Where the parent's member fails, the parent denies; a child that evaluates there would allow more.
      (child.member === wildcard || failsNowhereElse(member, child.member, evaluation)),
    describe: () => `Not(${member.describe()})`,
    toCbor: () => new Map([["constraint", write(member)]]),
  });
}

/** Where some of them, asked in order, can't be evaluated; behind one that fails the others may do so there too. */
function failureOf(members: readonly Constraint[], evaluation: Evaluation): FailsOn {
  evaluation.spend(MEMBER_EFFORT * members.length);
  const [first = "nothing", ...rest] = members.map((member) => member.failsOn(evaluation));
  return rest.every((each) => each === "nothing" || each === first) ? first : "anything";
}

/** Whether `other` can't be evaluated wherever `constraint` can't. */
function failsNowhereElse(constraint: Constraint, other: Constraint, evaluation: Evaluation): boolean {
  const failsOn = constraint.failsOn(evaluation);
  if (failsOn === "nothing") return true;
  evaluation.spend(MEMBER_EFFORT);
  return failsOn === "anything"
    ? isIdentical(constraint, other, evaluation)
    : failsOn === other.failsOn(evaluation);
}

/** Whether one of the constraints before `index` can't be evaluated wherever `member` can't. */
function failsBefore(
  index: number,
  constraints: readonly Constraint[],
  member: Constraint,
  evaluation: Evaluation,
): boolean {
  for (let i = 0; i < index; i++) {
    if (failsNowhereElse(member, constraints[i] as Constraint, evaluation)) return true;
  }
  return false;
}

/** Whether `member` may fail on something that `child` matches. */
function mayFailOn(member: Constraint, child: Constraint, evaluation: Evaluation): boolean {
  if (member.failsOn(evaluation) === "nothing") return false;
  if (isExact(child)) return isFault(matchMember(member, child.value, evaluation));
  return !failsNowhereElse(member, child, evaluation);
}

/** Steps of asking one member, whatever its kind takes besides. */
const MEMBER_EFFORT = 3;

function matchMember(member: Constraint, argument: Value, evaluation: Evaluation): Outcome {
  evaluation.spend(MEMBER_EFFORT);
  return member.matches(argument, evaluation);
}

function permitsMember(parent: Constraint, child: Constraint, evaluation: Evaluation): boolean {
  evaluation.spend(MEMBER_EFFORT);
  return parent.permits(child, evaluation);
}

function isComposite(constraint: Constraint, kind: "All" | "Any"): constraint is Composite {
  return constraint.kind === kind;
}

function isNot(constraint: Constraint): constraint is Not {
  return constraint.kind === "Not";
}

function describeMembers(members: readonly Constraint[]): string {
  return members.map((member) => member.describe()).join(", ");
}

export function parseMembers(value: CborValue, what: string, parse: ParseMember): readonly Constraint[] {
  return asArray(asStruct(value, what, ["constraints"]).constraints, `\`constraints\` of ${what}`).map(parse);
}

export function parseMember(value: CborValue, parse: ParseMember): Constraint {
  return parse(asStruct(value, "a Not", ["constraint"]).constraint);
}
