// What the deliberate differences ask of a case.
import { Evaluation } from "../../src/evaluation.ts";
import { compileGlob } from "../../src/warrant/constraint/glob.ts";
import type { ArgumentGateSpec, CaseSpec, ConstraintSpec, Kind, LinkSpec, SetSpec } from "./spec.ts";

export function pairs({ links }: Pick<CaseSpec, "links">): readonly (readonly [LinkSpec, LinkSpec])[] {
  return links.slice(1).map((child, i) => [links[i] as LinkSpec, child]);
}

export function isEmpty(members: object): boolean {
  return Object.keys(members).length === 0;
}

/** Every constraint of a warrant that has children. */
export function parents(spec: CaseSpec): readonly ConstraintSpec[] {
  return pairs(spec).flatMap(([parent]) => constraintsOf(parent));
}

export function constraints(spec: Pick<CaseSpec, "links">): readonly ConstraintSpec[] {
  return spec.links.flatMap(constraintsOf);
}

/** Port, path and all. */
export function afterHost(pattern: string): string {
  return pattern.replace(/^[^/]*\/\/[^/]*/u, "");
}

/** Every constraint of a warrant, those inside composites included. */
function constraintsOf({
  tools,
  bounds,
  gates = {},
}: Pick<LinkSpec, "tools" | "bounds" | "gates">): readonly ConstraintSpec[] {
  const sets: readonly SetSpec[] = [...Object.values(tools), ...(bounds === undefined ? [] : [bounds])];
  const asked = Object.values(gates).flatMap((gate) => Object.values(gate ?? {}).map(constraintOfGate));
  const named = sets.flatMap(({ constraints }) => Object.values(constraints));
  return [...named, ...asked.filter((constraint) => constraint !== undefined)].flatMap(withMembers);
}

function constraintOfGate(gate: ArgumentGateSpec): ConstraintSpec | undefined {
  if (gate === "all") return undefined;
  return "matches" in gate ? gate.matches : gate.exempt;
}

export function withMembers(constraint: ConstraintSpec): readonly ConstraintSpec[] {
  if ("all" in constraint) return [constraint, ...constraint.all.flatMap(withMembers)];
  if ("any" in constraint) return [constraint, ...constraint.any.flatMap(withMembers)];
  if ("not" in constraint) return [constraint, ...withMembers(constraint.not)];
  return [constraint];
}

/** Some arguments, or all, leave it without an answer. */
export function mayFail(constraint: ConstraintSpec): boolean {
  if ("all" in constraint) return constraint.all.length === 0;
  if ("pattern" in constraint)
    return compileGlob(constraint.pattern, new Evaluation(0, Number.POSITIVE_INFINITY)) === undefined;
  const kinds: readonly Kind[] = ["unknown", "cidr", "urlPattern", "urlSafe", "regex", "cel"];
  return kinds.some((kind) => kind in constraint);
}

export function uses(spec: CaseSpec, kind: Kind): boolean {
  return spec.links.some((link) => constraintsOf(link).some((constraint) => kind in constraint));
}

/** In what the leaf says of the tool that is called. */
export function isAsked({ links, call: { tool } }: CaseSpec, kind: Kind): boolean {
  const { tools, gates = {} } = links.at(-1) as LinkSpec;
  const asked = { tools: { [tool]: tools[tool] ?? tools["*"] ?? { constraints: {} } }, gates };
  return constraintsOf(asked).some((constraint) => kind in constraint);
}

/** The arguments, and the values of `Exact`. */
function valuesOf({ call, links }: CaseSpec): readonly unknown[] {
  const exact = links.flatMap(constraintsOf).map((constraint) => "exact" in constraint && constraint.exact);
  return [...call.args.values(), ...exact];
}

export function hasList(spec: CaseSpec): boolean {
  return valuesOf(spec).some((value) => Array.isArray(value));
}

export function textsOf(spec: CaseSpec): readonly string[] {
  return valuesOf(spec).filter((value) => typeof value === "string");
}
