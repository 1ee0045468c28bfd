import type { Evaluation } from "../../evaluation.ts";
import { type Constraint, isIdentical } from "../constraint/index.ts";
import { broken, firstRefusal, type WarrantRefusal } from "../refusal.ts";
import { approvalThreshold, approverKeys, type Warrant } from "../warrant.ts";
import { type ArgumentGate, type GateMap, gateOf, type ToolGate } from "./gate.ts";

/**
 * Whether a child keeps the approvals its parent asks for (approvals §7). A parent without a gate map asks for none,
 * and then the child is free.
 *
 * @throws {TooCostly} when it would take more effort than is left.
 */
export function checkGates(
  parent: Warrant,
  child: Warrant,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  if (parent.gates === undefined) return undefined;
  if (parent.gates === "malformed") return broken("the approval gates of its parent can't be read");
  if (child.gates === "malformed") return broken("its approval gates can't be read");
  const above = parent.gates;
  const below: GateMap = child.gates ?? NO_GATES;
  const tools = toolsToCompare(child, above, below);
  evaluation.spend(TOOL_EFFORT * tools.size);
  return (
    firstRefusal(tools, (tool) => checkTool(tool, above, below, evaluation)) ??
    checkApprovers(
      parent,
      child,
      [...tools].some((tool) => gateOf(above, tool) !== undefined),
    )
  );
}

const NO_GATES: GateMap = new Map();

/** Steps of looking up a tool, or one of its arguments, in both maps. */
const TOOL_EFFORT = 20;
const ARGUMENT_EFFORT = 10;

/** Every tool the child can serve, or issue, that has a gate of its own; `*` stands for all others. */
function toolsToCompare(child: Warrant, above: GateMap, below: GateMap): ReadonlySet<string> {
  const scope = child.type === "issuer" ? child.issuableTools : new Set(child.tools.keys());
  if (scope.has("*")) return new Set(["*", ...above.keys(), ...below.keys()]);
  return new Set(Array.from(scope, (tool) => (above.has(tool) || below.has(tool) ? tool : "*")));
}

function checkTool(
  tool: string,
  above: GateMap,
  below: GateMap,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  const parent = gateOf(above, tool);
  if (parent === undefined) return undefined;
  // What the parent names stays named, as in the reference; another tool may be served by either `*`.
  const child = above.has(tool) ? below.get(tool) : gateOf(below, tool);
  if (child === undefined) return broken(`it drops the approval gate of \`${tool}\``);
  const weaker = weakening(parent, child, evaluation);
  return weaker === undefined ? undefined : broken(`its approval gate of \`${tool}\` ${weaker}`);
}

function weakening(parent: ToolGate, child: ToolGate, evaluation: Evaluation): string | undefined {
  if (child.args === null) return undefined;
  if (parent.args === null) return "no longer gates every call";
  evaluation.spend(ARGUMENT_EFFORT * parent.args.size);
  for (const [name, gate] of parent.args) {
    const kept = child.args.get(name);
    if (kept === undefined) return `leaves out \`${name}\``;
    if (!firesAsOften(gate, kept, evaluation)) return `fires less often on \`${name}\``;
  }
  return undefined;
}

/**
 * Whether the child's gate fires wherever the parent's does (approvals §7.1). A gate fires when its constraint matches,
 * so a narrower one would fire less often: it has to stay the same. One that exempts may exempt less.
 */
function firesAsOften(parent: ArgumentGate, child: ArgumentGate, evaluation: Evaluation): boolean {
  if (child.on === "all") return true;
  if (parent.on === "all" || parent.on !== child.on) return false;
  return (
    isSame(parent.constraint, child.constraint, evaluation) ||
    (parent.on === "no_match" && parent.constraint.permits(child.constraint, evaluation))
  );
}

/** Kinds whose members may be in any order. */
const UNORDERED: ReadonlySet<string> = new Set(["OneOf", "NotOneOf", "Contains", "Subset"]);

function isSame(a: Constraint, b: Constraint, evaluation: Evaluation): boolean {
  if (isIdentical(a, b, evaluation)) return true;
  return UNORDERED.has(a.kind) && a.permits(b, evaluation) && b.permits(a, evaluation);
}

/** @param isGated whether a gate of the parent is in reach of the child's tools */
function checkApprovers(parent: Warrant, child: Warrant, isGated: boolean): WarrantRefusal | undefined {
  const had = approverKeys(parent);
  const has = approverKeys(child);
  if (had.size === 0) {
    return isGated && has.size > 0
      ? broken("it names approvers for its parent's gates, which have none")
      : undefined;
  }
  if (child.gates === undefined) return undefined;
  for (const key of had) if (!has.has(key)) return broken("it leaves out an approver of its parent");
  const least = approvalThreshold(parent) + has.size - had.size;
  return approvalThreshold(child) < least
    ? broken(`it asks for fewer approvals than ${least}, its parent's and one for each approver it adds`)
    : undefined;
}
