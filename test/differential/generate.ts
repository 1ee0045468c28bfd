import type { Value } from "../../src/value.ts";
import { anyGating, approvalsFor, inheritedGating } from "./gates.ts";
import { mutate } from "./mutate.ts";
import { type Random, randomFor } from "./random.ts";
import { argumentFor } from "./sample.ts";
import { sayable } from "./sayable.ts";
import { ARGUMENTS, anySet, HOLDERS, narrowerSet, REQUIRED_CLEARANCE, TOOLS, themeOf } from "./sets.ts";
import type { CaseSpec, KeyName, LinkSpec, ProofSpec, SetSpec } from "./spec.ts";

/** Case number `index` of the run with that seed. */
export function generateCase(seed: number, index: number): CaseSpec {
  const random = randomFor(seed, index);
  const honest = honestCase(random, seed, index);
  let spec = honest;
  // About half of the cases stay as they are; with the near misses of arguments, some 45 % of all are allowed.
  const changes = random.pick([0, 0, 0, 1, 1, 2]);
  for (let i = 0; i < changes; i++) spec = mutate(random, spec);
  return spec;
}

function honestCase(random: Random, seed: number, index: number): CaseSpec {
  const length = 1 + random.pick([0, 0, 1, 1, 1, 2, 2, 3, 4, 5]);
  const made = [rootLink(random, length === 1)];
  while (made.length < length) made.push(childLink(random, made, made.length === length - 1));
  const minter = random.pick(["sdk", "hand"] as const);
  const links = minter === "sdk" ? sayable(made) : made;
  const leaf = links.at(-1) as LinkSpec;
  const call = callUnder(random, leaf);
  const proof: ProofSpec = { ...call, key: leaf.holder, time: 0, form: "right" };
  return { seed, index, minter, links, call, proof, approvals: approvalsFor(random, leaf) };
}

function rootLink(random: Random, isLeaf: boolean): LinkSpec {
  const maxDepth = random.chance(0.8) ? 64 : 1 + random.below(6);
  const clearance = random.chance(0.4) ? random.pick([0, 10, 30, 50, 255]) : undefined;
  const common = {
    signer: random.pick<KeyName>(["root", "root", "root2"]),
    holder: random.pick(HOLDERS),
    issued: 0,
    expires: 3600,
    maxDepth,
    depth: 0,
    parent: "none",
    ...(clearance === undefined ? {} : { clearance }),
    ...(random.chance(0.1) ? { session: random.pick(["s1", "s2"]) } : {}),
  } as const;
  if (isLeaf || random.chance(0.85)) {
    const tools = anyTools(random, clearance);
    const gating = random.chance(0.2) ? anyGating(random, Object.keys(tools)) : {};
    return { ...common, ...gating, type: "execution", tools };
  }
  return {
    ...common,
    type: "issuer",
    tools: {},
    issuableTools: random.chance(0.2) ? ["*"] : random.some(TOOLS, 1),
    ...(random.chance(0.4) ? { bounds: anySet(random) } : {}),
    ...(random.chance(0.3) ? { maxIssueDepth: 1 + random.below(maxDepth) } : {}),
  };
}

function childLink(random: Random, above: readonly LinkSpec[], isLeaf: boolean): LinkSpec {
  const parent = above.at(-1) as LinkSpec;
  const {
    issuableTools: _tools,
    bounds: _bounds,
    maxIssueDepth: _depth,
    gates: _gates,
    approvers: _approvers,
    minApprovals: _least,
    clearance,
    ...kept
  } = parent;
  const common = {
    ...kept,
    signer: parent.holder,
    holder: random.pick(holdersBelow(random, above)),
    expires: parent.expires - 60,
    maxDepth: random.chance(0.1) ? Math.max(parent.depth + 1, parent.maxDepth - 1) : parent.maxDepth,
    depth: parent.depth + 1,
    parent: "right",
    ...clearanceBelow(random, clearance),
  } as const;
  if (parent.type === "execution") {
    const tools = narrowerTools(random, parent.tools);
    return { ...common, tools, ...inheritedGating(parent, Object.keys(tools)) };
  }
  return !isLeaf && random.chance(0.3)
    ? { ...common, ...issuing(random, parent) }
    : { ...common, type: "execution", tools: issuedTools(random, parent) };
}

/** Mostly somebody who issued nothing further up. */
function holdersBelow(random: Random, above: readonly LinkSpec[]): readonly KeyName[] {
  const issuers = above.filter(({ type }) => type === "issuer");
  const planners = issuers.flatMap(({ holder, signer }) => [holder, signer]);
  const free = HOLDERS.filter((key) => !planners.includes(key) || random.chance(0.05));
  return free.length > 0 ? free : HOLDERS;
}

function clearanceBelow(random: Random, clearance: number | undefined): { readonly clearance?: number } {
  if (clearance === undefined || random.chance(0.15)) return {};
  return { clearance: random.chance(0.8) ? clearance : Math.floor(clearance / 2) };
}

function issuing(random: Random, { issuableTools = [], bounds, maxIssueDepth }: LinkSpec) {
  return {
    issuableTools: issuableTools.includes("*") ? [random.pick(TOOLS)] : random.some(issuableTools, 1),
    ...(bounds === undefined ? {} : { bounds: narrowerSet(random, bounds) }),
    ...(maxIssueDepth === undefined ? {} : { maxIssueDepth }),
  };
}

function issuedTools(random: Random, { issuableTools = [], bounds }: LinkSpec): LinkSpec["tools"] {
  const granted = random.some(issuableTools.includes("*") ? TOOLS : issuableTools, 1);
  const set = () => (bounds === undefined ? anySet(random) : narrowerSet(random, bounds));
  return Object.fromEntries(granted.map((tool) => [tool, set()]));
}

function anyTools(random: Random, clearance = 0): LinkSpec["tools"] {
  const usable = TOOLS.filter((tool) => clearance >= (REQUIRED_CLEARANCE[tool] ?? 0) || random.chance(0.1));
  const names = random.chance(0.15) ? ["*", ...random.some(usable)] : random.some(usable, 1);
  return Object.fromEntries(names.map((name) => [name, anySet(random)]));
}

function narrowerTools(random: Random, tools: LinkSpec["tools"]): LinkSpec["tools"] {
  const kept = random.some(Object.keys(tools), 1);
  const narrowed = Object.fromEntries(
    kept.map((name) => [name, narrowerSet(random, tools[name] as SetSpec)]),
  );
  const wide = tools["*"];
  if (wide === undefined || random.chance(0.6)) return narrowed;
  // What `*` grants may be delegated under a name; then `*` itself isn't, so that it can't widen what is kept by name.
  const { "*": _wide, ...named } = narrowed;
  const free = TOOLS.find((tool) => tools[tool] === undefined);
  return free === undefined ? narrowed : { ...named, [free]: narrowerSet(random, wide) };
}

function callUnder(
  random: Random,
  leaf: LinkSpec,
): { readonly tool: string; readonly args: ReadonlyMap<string, Value> } {
  const tool = toolUnder(random, leaf);
  const set = leaf.tools[tool] ?? leaf.tools["*"] ?? { constraints: {} };
  const args = new Map<string, Value>();
  for (const [name, constraint] of Object.entries(set.constraints)) {
    if (!random.chance(0.02)) args.set(name, argumentFor(random, themeOf(random, name), constraint));
  }
  const isOpen = set.allowUnknown === true || Object.keys(set.constraints).length === 0;
  for (const name of ARGUMENTS) {
    if (!args.has(name) && random.chance(isOpen ? 0.3 : 0.01))
      args.set(name, themeOf(random, name).value(random));
  }
  return { tool, args };
}

/** Mostly one that the leaf grants and has the clearance for. */
function toolUnder(random: Random, { tools, clearance = 0 }: LinkSpec): string {
  if (random.chance(0.05)) return random.pick(TOOLS);
  const granted = TOOLS.filter((tool) => tool in tools || "*" in tools);
  const cleared = granted.filter((tool) => clearance >= (REQUIRED_CLEARANCE[tool] ?? 0));
  return random.pick(cleared.length > 0 ? cleared : granted.length > 0 ? granted : TOOLS);
}
