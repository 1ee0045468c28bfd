import { anyConstraint } from "./constraints.ts";
import type { Random } from "./random.ts";
import { ARGUMENTS, themeOf } from "./sets.ts";
import type { ApprovalSpec, ArgumentGateSpec, GateSpec, KeyName, LinkSpec } from "./spec.ts";

export const APPROVERS: readonly KeyName[] = ["approver1", "approver2", "approver3"];

/** The members of a warrant that say which calls need whose approval. */
export type Gating = Pick<LinkSpec, "approvers" | "minApprovals" | "gates">;

/** Gates for some of the tools of a root. */
export function anyGating(random: Random, tools: readonly string[]): Gating {
  const gated = random.some(tools, 1);
  const approvers = random.some(APPROVERS, 1);
  return {
    approvers,
    ...(random.chance(0.5) ? { minApprovals: 1 + random.below(approvers.length) } : {}),
    gates: Object.fromEntries(gated.map((tool) => [tool, anyGate(random)])),
  };
}

export function anyGate(random: Random): GateSpec {
  if (random.chance(0.4)) return null;
  const names = random.some(ARGUMENTS.slice(random.below(ARGUMENTS.length)), 1).slice(0, 2);
  return Object.fromEntries(names.map((name) => [name, anyArgumentGate(random, name)]));
}

function anyArgumentGate(random: Random, name: string): ArgumentGateSpec {
  if (random.chance(0.3)) return "all";
  const constraint = anyConstraint(random, themeOf(random, name), 2);
  return random.chance(0.6) ? { matches: constraint } : { exempt: constraint };
}

/** What the SDK's builders leave to a child with these tools: the gates of those, and approvers while there is a gate. */
export function inheritedGating(parent: Gating, tools: readonly string[]): Gating {
  const { gates, approvers, minApprovals } = parent;
  if (gates === undefined) return approvers === undefined ? {} : parent;
  const kept = Object.entries(gates).filter(([tool]) => tools.includes(tool) || tools.includes("*"));
  if (kept.length === 0) return {};
  return {
    gates: Object.fromEntries(kept),
    ...(approvers === undefined ? {} : { approvers }),
    ...(minApprovals === undefined ? {} : { minApprovals }),
  };
}

/** As many approvals as the leaf asks for, though none may be needed. */
export function approvalsFor(
  random: Random,
  { approvers = [], minApprovals }: Gating,
): readonly ApprovalSpec[] {
  const needed = minApprovals ?? approvers.length;
  if (random.chance(0.15)) return [];
  return approvers.slice(0, needed).map((key) => ({ key, approved: -5, expires: 300 }));
}

/** A gate that asks less often, or more. */
export function variedGates(random: Random, link: LinkSpec, tools: readonly string[]): LinkSpec {
  const { gates = {}, ...free } = link;
  const choice = random.below(6);
  if (Object.keys(gates).length === 0 || choice === 0) return { ...link, ...anyGating(random, tools) };
  if (choice === 1) return free;
  const [tool, gate] = random.pick(Object.entries(gates));
  if (choice === 2) {
    const { [tool]: _gone, ...others } = gates;
    return { ...link, gates: others };
  }
  if (choice === 3 || gate === null) return { ...link, gates: { ...gates, [tool]: anyGate(random) } };
  if (choice === 4) return { ...link, gates: { ...gates, "*": gate } };
  return { ...link, gates: { ...gates, [tool]: { ...gate, ...anyGate(random) } } };
}

export function variedApprovers(random: Random, link: LinkSpec): LinkSpec {
  const { approvers = [], minApprovals, ...rest } = link;
  const others = random.pick<readonly KeyName[]>([
    [...approvers, random.pick(APPROVERS)],
    approvers.slice(1),
    random.some(APPROVERS, 1),
    approvers,
  ]);
  const least = random.pick([minApprovals, undefined, 1, 2]);
  return { ...rest, approvers: others, ...(least === undefined ? {} : { minApprovals: least }) };
}

export function variedApproval(random: Random, approval: ApprovalSpec): ApprovalSpec {
  return random.pick<ApprovalSpec>([
    { ...approval, key: random.pick<KeyName>([...APPROVERS, "stranger"]) },
    { ...approval, claimed: random.pick(APPROVERS) },
    { ...approval, approved: -400, expires: -40 },
    { ...approval, approved: random.pick([15, 60, 200]) },
    { ...approval, approved: 10, expires: 5 },
    { ...approval, call: { tool: "read", args: new Map([["path", "elsewhere"]]) } },
    { ...approval, link: 0 },
  ]);
}
