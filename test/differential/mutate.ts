import { APPROVERS, variedApproval, variedApprovers, variedGates } from "./gates.ts";
import { varied } from "./narrow.ts";
import type { Random } from "./random.ts";
import { ARGUMENTS, anySet, HOLDERS, TOOLS, themeOf } from "./sets.ts";
import type { CaseSpec, KeyName, LinkSpec, SetSpec } from "./spec.ts";
import { near } from "./values.ts";

/** Makes a case that is right into one that may be wrong, at one place. */
export function mutate(random: Random, spec: CaseSpec): CaseSpec {
  return random.pick(MUTATIONS)(random, spec);
}

type Mutation = (random: Random, spec: CaseSpec) => CaseSpec;

const MUTATIONS: readonly Mutation[] = [
  ...times(18, onConstraint(varied)),
  ...times(3, mutateArguments),
  ...times(2, mutateProof),
  ...times(2, mutateTampering),
  ...times(2, mutateTools),
  onLink((random, link) => ({
    ...link,
    signer: random.pick<KeyName>([...HOLDERS, "root", "root2", "stranger"]),
  })),
  onLink((random, link) => ({ ...link, holder: random.pick(HOLDERS) })),
  onLink((random, link) => ({ ...link, depth: Math.max(0, link.depth + random.pick([-1, 1, 2])) })),
  onLink((random, link) => ({ ...link, maxDepth: random.pick([0, link.depth, link.depth + 1, 64]) })),
  onLink((random, link) => ({ ...link, parent: random.pick(["right", "wrong", "none"]) })),
  onLink((random, link) => ({ ...link, clearance: random.pick([0, 10, 31, 50, 255]) })),
  onLink((_, { clearance: _clearance, ...link }) => link),
  onLink((random, link) => ({
    ...link,
    expires: link.expires + random.pick([60, 61, 59, 3600]),
  })),
  expired,
  onLink((random, link) => ({ ...link, issued: random.pick([-500, -30, 10, 120]) })),
  onLink((random, link) => ({ ...link, session: random.pick(["s1", "s3"]) })),
  onLink((_, link) => ({ ...link, revoked: true })),
  mutateApprovals,
  mutateApprovals,
  onLink((random, link) => variedGates(random, link, TOOLS)),
  onLink((random, link) => variedGates(random, link, TOOLS)),
  onLink(variedApprovers),
  onLink((random, link) => ({ ...link, sameIdAs: random.below(3) })),
  onLink(mutateIssuer),
  onLink((random, link) =>
    link.type === "issuer"
      ? { ...link, type: "execution", tools: { [random.pick(TOOLS)]: anySet(random) } }
      : { ...link, type: "issuer", tools: {}, issuableTools: random.some(TOOLS, 1) },
  ),
];

function times<Item>(count: number, item: Item): Item[] {
  return Array<Item>(count).fill(item);
}

function onLink(change: (random: Random, link: LinkSpec) => LinkSpec): Mutation {
  return (random, spec) => {
    const at = random.below(spec.links.length);
    return {
      ...spec,
      links: spec.links.map((link, i) => (i === at ? withoutForeignKeys(change(random, link)) : link)),
    };
  };
}

/** One of the warrants has run out; all were made long before. */
function expired(random: Random, spec: CaseSpec): CaseSpec {
  const at = random.below(spec.links.length);
  const links = spec.links.map((link, i) => ({
    ...link,
    issued: -5000,
    ...(i === at ? { expires: -20 } : {}),
  }));
  return { ...spec, links };
}

/** What its type doesn't have would be refused before anything is looked at. */
function withoutForeignKeys(link: LinkSpec): LinkSpec {
  if (link.type === "issuer") return link;
  const { issuableTools: _tools, bounds: _bounds, maxIssueDepth: _depth, ...execution } = link;
  return execution;
}

function onConstraint(change: typeof varied): Mutation {
  return onLink((random, link) => {
    const sets = Object.entries(link.tools);
    if (link.bounds !== undefined) sets.push([BOUNDS, link.bounds]);
    if (sets.length === 0) return link;
    const [tool, set] = random.pick(sets);
    const [name, constraint] = random.pick([...Object.entries(set.constraints), undefined]) ?? [];
    if (name === undefined || constraint === undefined) return onSet(link, tool, mutatedSet(random, set));
    const changed = change(random, themeOf(random, name), constraint);
    return onSet(link, tool, { ...set, constraints: { ...set.constraints, [name]: changed } });
  });
}

/** Stands where a tool would; no tool has an empty name. */
const BOUNDS = "";

function onSet(link: LinkSpec, tool: string, set: SetSpec): LinkSpec {
  return tool === BOUNDS ? { ...link, bounds: set } : { ...link, tools: { ...link.tools, [tool]: set } };
}

function mutatedSet(random: Random, set: SetSpec): SetSpec {
  const names = Object.keys(set.constraints);
  const choice = random.below(4);
  if (choice === 0) return { ...set, allowUnknown: set.allowUnknown !== true };
  if (choice === 1) return { ...set, constraints: {} };
  if (choice === 2) return { ...set, constraints: { ...set.constraints, ...anySet(random).constraints } };
  return {
    ...set,
    constraints: Object.fromEntries(Object.entries(set.constraints).slice(names.length > 1 ? 1 : 0)),
  };
}

function mutateTools(random: Random, spec: CaseSpec): CaseSpec {
  return onLink((_, link) => {
    const choice = random.below(5);
    if (choice === 0) return { ...link, tools: {} };
    if (choice === 1)
      return {
        ...link,
        tools: { ...link.tools, "*": random.chance(0.5) ? { constraints: {} } : anySet(random) },
      };
    if (choice === 2) return { ...link, tools: { ...link.tools, [random.pick(TOOLS)]: anySet(random) } };
    if (choice === 3) return { ...link, tools: Object.fromEntries(Object.entries(link.tools).slice(1)) };
    return { ...link, tools: { ...link.tools, [random.pick(["Read", "read ", "re*"])]: anySet(random) } };
  })(random, spec);
}

function mutateIssuer(random: Random, link: LinkSpec): LinkSpec {
  const choice = random.below(4);
  if (choice === 0) return { ...link, issuableTools: random.pick([["*"], ["read"], ["write", "list"]]) };
  if (choice === 1) return { ...link, maxIssueDepth: random.below(5) };
  if (choice === 2) return { ...link, bounds: anySet(random) };
  const { bounds: _bounds, maxIssueDepth: _depth, ...free } = link;
  return free;
}

function mutateArguments(random: Random, spec: CaseSpec): CaseSpec {
  const args = new Map(spec.call.args);
  const [name, value] = random.pick([...args, undefined]) ?? [];
  if (name === undefined || value === undefined) {
    const added = random.pick(ARGUMENTS);
    args.set(added, themeOf(random, added).value(random));
  } else if (random.chance(0.2)) args.delete(name);
  else args.set(name, near(random, value));
  const call = { ...spec.call, args };
  // Signed as sent, except where the proof is to be for other arguments.
  return { ...spec, call, proof: random.chance(0.8) ? { ...spec.proof, args } : spec.proof };
}

function mutateProof(random: Random, spec: CaseSpec): CaseSpec {
  const { proof } = spec;
  const choice = random.below(7);
  if (choice === 0) return { ...spec, proof: { ...proof, key: random.pick<KeyName>([...HOLDERS, "root"]) } };
  if (choice === 1) return { ...spec, proof: { ...proof, time: random.pick([-200, -40, 40, 150]) } };
  if (choice === 2) return { ...spec, proof: { ...proof, form: random.pick(["flipped", "short", "none"]) } };
  if (choice === 3) return { ...spec, proof: { ...proof, tool: random.pick(TOOLS) } };
  if (choice === 4) return { ...spec, proof: { ...proof, link: random.below(spec.links.length) } };
  if (choice === 5) return { ...spec, call: { ...spec.call, tool: random.pick(TOOLS) } };
  return { ...spec, proof: { ...proof, args: new Map([...proof.args].slice(1)) } };
}

function mutateApprovals(random: Random, spec: CaseSpec): CaseSpec {
  const { approvals } = spec;
  const approval = { key: random.pick(APPROVERS), approved: 0, expires: 60 };
  if (approvals.length === 0) return { ...spec, approvals: [approval] };
  const at = random.below(approvals.length);
  const chosen = approvals[at] ?? approval;
  return {
    ...spec,
    approvals: random.pick([
      approvals.toSpliced(at, 1),
      [...approvals, chosen],
      [variedApproval(random, chosen), ...approvals],
      approvals.with(at, variedApproval(random, chosen)),
      approvals.with(at, variedApproval(random, chosen)),
    ]),
  };
}

function mutateTampering(random: Random, spec: CaseSpec): CaseSpec {
  const link = () => random.below(spec.links.length);
  const bit = random.below(8 * 400);
  return {
    ...spec,
    tampering: random.pick([
      { flip: "payload", link: link(), bit, resign: true },
      { flip: "payload", link: link(), bit, resign: true },
      { flip: "payload", link: link(), bit, resign: false },
      { flip: "signature", link: link(), bit, resign: false },
      { drop: link() },
      { swap: [link(), link()] },
      { swapSignatures: [link(), link()] },
      { cut: 1 + random.below(40) },
    ]),
  };
}
