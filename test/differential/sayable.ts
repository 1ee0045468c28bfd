import { isList } from "../../src/value.ts";
import type { ArgumentGateSpec, ConstraintSpec, LinkSpec, SetSpec } from "./spec.ts";

/** The depth that the SDK's builders give every warrant. */
const SDK_DEPTH = 64;

/** The nearest chain that the SDK's builders have words for, so that the whole of it can be minted by them. */
export function sayable(links: readonly LinkSpec[]): readonly LinkSpec[] {
  return links.map((link) => ({
    ...link,
    maxDepth: SDK_DEPTH,
    tools: Object.fromEntries(Object.entries(link.tools).map(([tool, set]) => [tool, sayableSet(set)])),
    ...(link.bounds === undefined ? {} : { bounds: sayableSet(link.bounds) }),
    ...(link.gates === undefined ? {} : { gates: sayableGates(link.gates) }),
  }));
}

function sayableSet(set: SetSpec): SetSpec {
  const constraints = Object.entries(set.constraints).map(([name, constraint]) => [
    name,
    reworded(constraint),
  ]);
  return { ...set, constraints: Object.fromEntries(constraints) };
}

function sayableGates(gates: NonNullable<LinkSpec["gates"]>): NonNullable<LinkSpec["gates"]> {
  const tools = Object.entries(gates).map(([tool, gate]) => {
    if (gate === null) return [tool, null];
    const entries = Object.entries(gate).map(([name, asked]) => [name, sayableGate(asked)] as const);
    return [tool, Object.fromEntries(entries)];
  });
  return Object.fromEntries(tools);
}

function sayableGate(gate: ArgumentGateSpec): ArgumentGateSpec {
  if (gate === "all") return gate;
  return "matches" in gate ? { matches: reworded(gate.matches) } : { exempt: reworded(gate.exempt) };
}

/** `Exact`, `OneOf` and `NotOneOf` take text only there, and `Range` has no open ends. */
function reworded(constraint: ConstraintSpec): ConstraintSpec {
  if ("exact" in constraint) {
    const { exact } = constraint;
    if (typeof exact === "string") return constraint;
    if (typeof exact === "bigint" || typeof exact === "number") {
      return { range: { min: Number(exact), max: Number(exact) } };
    }
    return isList(exact) ? { contains: exact } : { wildcard: true };
  }
  if ("oneOf" in constraint) {
    const texts = constraint.oneOf.filter((value) => typeof value === "string");
    return texts.length > 0 ? { oneOf: texts } : { wildcard: true };
  }
  if ("notOneOf" in constraint) {
    return { notOneOf: constraint.notOneOf.filter((value) => typeof value === "string") };
  }
  if ("range" in constraint) {
    const { minInclusive: _min, maxInclusive: _max, ...bounds } = constraint.range;
    return { range: bounds };
  }
  if ("all" in constraint) return { all: constraint.all.map(reworded) };
  if ("any" in constraint) return { any: constraint.any.map(reworded) };
  if ("not" in constraint) return { not: reworded(constraint.not) };
  return "unknown" in constraint ? { wildcard: true } : constraint;
}
