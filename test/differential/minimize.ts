import type { Value } from "../../src/value.ts";
import type { CaseSpec, ConstraintSpec, LinkSpec, SetSpec } from "./spec.ts";

/** More tries than a case of six warrants needs. */
const MAX_TRIES = 3000;

/** The smallest case found for which `fails` still holds, by leaving out one thing after the other. */
export async function minimize(
  spec: CaseSpec,
  fails: (spec: CaseSpec) => Promise<boolean>,
): Promise<CaseSpec> {
  let smallest = spec;
  let tries = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smallerCases(smallest)) {
      if (++tries > MAX_TRIES) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

function* smallerCases(spec: CaseSpec): Generator<CaseSpec> {
  if (spec.minter === "sdk") yield { ...spec, minter: "hand" };
  if (spec.tampering !== undefined) {
    const { tampering: _tampering, ...intact } = spec;
    yield intact;
  }
  for (const [i] of spec.approvals.entries()) yield { ...spec, approvals: spec.approvals.toSpliced(i, 1) };
  if (spec.links.length > 1) for (const [i] of spec.links.entries()) yield withoutLink(spec, i);
  for (const tool of new Set(spec.links.flatMap(({ tools }) => Object.keys(tools))))
    yield withoutTool(spec, tool);
  for (const name of argumentNames(spec)) yield withoutArgument(spec, name);
  for (const [i, link] of spec.links.entries()) {
    for (const smaller of smallerLinks(link)) yield { ...spec, links: spec.links.with(i, smaller) };
  }
  for (const smaller of smallerArguments(spec.call.args)) {
    const signed = spec.proof.args === spec.call.args ? smaller : spec.proof.args;
    yield { ...spec, call: { ...spec.call, args: smaller }, proof: { ...spec.proof, args: signed } };
  }
  for (const constraint of constraintsEverywhere(spec)) {
    for (const smaller of smallerConstraints(constraint)) yield everywhere(spec, constraint, smaller);
  }
}

/** Those below move up; the proof stays right if it was. */
function withoutLink(spec: CaseSpec, at: number): CaseSpec {
  const gone = spec.links[at] as LinkSpec;
  const links = spec.links.toSpliced(at, 1).map((link, i) => {
    if (i < at) return link;
    const moved = {
      ...link,
      depth: Math.max(0, link.depth - 1),
      parent: at === 0 && i === 0 ? ("none" as const) : link.parent,
    };
    return i === at ? { ...moved, signer: gone.signer } : moved;
  });
  const key =
    at === spec.links.length - 1 && spec.proof.key === gone.holder ? links.at(-1)?.holder : undefined;
  return { ...spec, links, proof: { ...spec.proof, ...(key === undefined ? {} : { key }) } };
}

function withoutTool(spec: CaseSpec, tool: string): CaseSpec {
  const links = spec.links.map((link) => {
    const { [tool]: _gone, ...tools } = link.tools;
    return { ...link, tools };
  });
  return { ...spec, links };
}

function argumentNames(spec: CaseSpec): ReadonlySet<string> {
  const sets = spec.links.flatMap(({ tools, bounds }) => [
    ...Object.values(tools),
    bounds ?? { constraints: {} },
  ]);
  return new Set([...sets.flatMap(({ constraints }) => Object.keys(constraints)), ...spec.call.args.keys()]);
}

function withoutArgument(spec: CaseSpec, name: string): CaseSpec {
  const without = (set: SetSpec): SetSpec => {
    const { [name]: _gone, ...constraints } = set.constraints;
    return { ...set, constraints };
  };
  const args = new Map([...spec.call.args].filter(([other]) => other !== name));
  const signed = new Map([...spec.proof.args].filter(([other]) => other !== name));
  return {
    ...mapSets(spec, without),
    call: { ...spec.call, args },
    proof: { ...spec.proof, args: spec.proof.args === spec.call.args ? args : signed },
  };
}

function mapSets(spec: CaseSpec, change: (set: SetSpec) => SetSpec): CaseSpec {
  const links = spec.links.map((link) => ({
    ...link,
    tools: Object.fromEntries(Object.entries(link.tools).map(([tool, set]) => [tool, change(set)])),
    ...(link.bounds === undefined ? {} : { bounds: change(link.bounds) }),
  }));
  return { ...spec, links };
}

const OPTIONAL = [
  "clearance",
  "session",
  "agent",
  "maxIssueDepth",
  "bounds",
  "gates",
  "minApprovals",
  "approvers",
  "revoked",
  "sameIdAs",
] as const;

function* smallerLinks(link: LinkSpec): Generator<LinkSpec> {
  for (const name of OPTIONAL) {
    if (link[name] === undefined) continue;
    const { [name]: _gone, ...rest } = link;
    yield rest;
  }
  for (const [tool, set] of Object.entries(link.tools)) {
    const { [tool]: _gone, ...tools } = link.tools;
    yield { ...link, tools };
    for (const smaller of smallerSets(set)) yield { ...link, tools: { ...link.tools, [tool]: smaller } };
  }
  if (link.bounds !== undefined)
    for (const smaller of smallerSets(link.bounds)) yield { ...link, bounds: smaller };
  for (const [tool, gate] of Object.entries(link.gates ?? {})) {
    const { [tool]: _gone, ...gates } = link.gates ?? {};
    yield { ...link, gates };
    for (const name of Object.keys(gate ?? {})) {
      const { [name]: _asked, ...asked } = gate ?? {};
      yield { ...link, gates: { ...gates, [tool]: asked } };
    }
  }
  const { issuableTools = [] } = link;
  if (issuableTools.length > 1) {
    for (const [i] of issuableTools.entries())
      yield { ...link, issuableTools: issuableTools.toSpliced(i, 1) };
  }
}

function* smallerSets(set: SetSpec): Generator<SetSpec> {
  if (set.allowUnknown !== undefined) yield { constraints: set.constraints };
  for (const [name, constraint] of Object.entries(set.constraints)) {
    const { [name]: _gone, ...constraints } = set.constraints;
    yield { ...set, constraints };
    for (const smaller of smallerConstraints(constraint)) {
      yield { ...set, constraints: { ...set.constraints, [name]: smaller } };
    }
  }
}

function* smallerConstraints(constraint: ConstraintSpec): Generator<ConstraintSpec> {
  for (const kind of ["all", "any"] as const) {
    const members = (constraint as Partial<Record<typeof kind, readonly ConstraintSpec[]>>)[kind];
    if (members === undefined) continue;
    yield* members;
    for (const [i, member] of members.entries()) {
      yield { [kind]: members.toSpliced(i, 1) } as unknown as ConstraintSpec;
      for (const smaller of smallerConstraints(member)) {
        yield { [kind]: members.with(i, smaller) } as unknown as ConstraintSpec;
      }
    }
  }
  if ("not" in constraint) {
    yield constraint.not;
    for (const smaller of smallerConstraints(constraint.not)) yield { not: smaller };
  }
  for (const kind of ["oneOf", "notOneOf", "contains", "subset", "shlex"] as const) {
    const values = (constraint as Partial<Record<typeof kind, readonly Value[]>>)[kind];
    for (const [i] of values?.entries() ?? []) {
      yield { [kind]: values?.toSpliced(i, 1) } as unknown as ConstraintSpec;
    }
  }
}

function* smallerArguments(args: ReadonlyMap<string, Value>): Generator<ReadonlyMap<string, Value>> {
  for (const [name, value] of args) {
    yield new Map([...args].filter(([other]) => other !== name));
    if (Array.isArray(value)) {
      for (const [i] of value.entries()) yield new Map(args).set(name, value.toSpliced(i, 1));
    }
  }
}

/** Constraints that stand unchanged in several warrants are made smaller in all of them at once. */
function constraintsEverywhere(spec: CaseSpec): readonly ConstraintSpec[] {
  const all = spec.links.flatMap(({ tools }) =>
    Object.values(tools).flatMap(({ constraints }) => Object.values(constraints)),
  );
  return all.filter((constraint, i) => all.indexOf(constraint) < i);
}

function everywhere(spec: CaseSpec, constraint: ConstraintSpec, smaller: ConstraintSpec): CaseSpec {
  return mapSets(spec, (set) => ({
    ...set,
    constraints: Object.fromEntries(
      Object.entries(set.constraints).map(([name, other]) => [name, other === constraint ? smaller : other]),
    ),
  }));
}
