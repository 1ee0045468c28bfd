import type { Evaluation } from "../evaluation.ts";
import { checkGates } from "./approval/narrowing.ts";
import { type ConstraintSet, widening } from "./constraint-set.ts";
import { broken, firstRefusal, refuseChain, type WarrantRefusal } from "./refusal.ts";
import type { Warrant } from "./warrant.ts";

/**
 * What the issuer warrants above a link leave to everything below them, however far down and through whichever
 * issuers in between.
 */
export interface IssuerLimits {
  /** Keys that may not hold what they issue: holders and issuers of issuer warrants. */
  readonly planners: ReadonlySet<string>;
  /** Of the nearest issuer that has any; they narrow those of every issuer above it. */
  readonly bounds?: ConstraintSet;
  readonly maxIssueDepth: number;
}

export const NO_ISSUER: IssuerLimits = Object.freeze({
  planners: new Set<string>(),
  maxIssueDepth: Number.POSITIVE_INFINITY,
});

/** The limits below `warrant`, given those above it. */
export function limitsBelow(warrant: Warrant, above: IssuerLimits): IssuerLimits {
  if (warrant.type !== "issuer") return above;
  const { constraintBounds = above.bounds, maxIssueDepth = above.maxIssueDepth } = warrant;
  return {
    planners: new Set([...above.planners, warrant.holder.hex, warrant.issuer.hex]),
    ...(constraintBounds === undefined ? {} : { bounds: constraintBounds }),
    maxIssueDepth: Math.min(above.maxIssueDepth, maxIssueDepth),
  };
}

/**
 * Holds one delegation against the rules of the chain (verification §3), in their order.
 *
 * @param limits what the issuer warrants from the root down to `parent` leave
 */
export function checkLink(
  parent: Warrant,
  child: Warrant,
  limits: IssuerLimits,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  return (
    checkOrder(parent, child) ??
    checkRights(parent, child, limits, evaluation) ??
    checkPlanners(child, limits) ??
    checkGates(parent, child, evaluation)
  );
}

function checkOrder(parent: Warrant, child: Warrant): WarrantRefusal | undefined {
  if (child.issuer.hex !== parent.holder.hex) return broken("it isn't signed by the holder of its parent");
  if (child.parentHash === undefined) return broken("it names no parent");
  if (Buffer.compare(child.parentHash, parent.payloadHash) !== 0) return broken("it names another parent");
  if (child.depth !== parent.depth + 1) return broken("its depth isn't one more than its parent's");
  if (child.depth > parent.maxDepth) return broken("its parent may not delegate any deeper");
  if (child.maxDepth > parent.maxDepth) return broken("its max_depth is beyond its parent's");
  if (child.depth > child.maxDepth) return broken("its depth is beyond its own max_depth");
  if (child.issuedAt < parent.issuedAt) return broken("it was issued before its parent");
  if (child.expiresAt > parent.expiresAt) return broken("it outlives its parent");
  return undefined;
}

function checkRights(
  parent: Warrant,
  child: Warrant,
  limits: IssuerLimits,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  return (
    checkTools(parent, child, evaluation) ??
    checkIssuing(parent, child, limits, evaluation) ??
    ((child.clearance ?? 0) > (parent.clearance ?? 0)
      ? refuseChain("invalid-attenuation", "its clearance is above its parent's, where none counts as 0")
      : undefined)
  );
}

function checkTools(parent: Warrant, child: Warrant, evaluation: Evaluation): WarrantRefusal | undefined {
  if (child.type === "issuer") {
    if (parent.type === "execution") {
      return refuseChain("invalid-attenuation", "an execution warrant can't issue an issuer warrant");
    }
    return firstRefusal(child.issuableTools, (tool) => checkIssuable(parent, tool));
  }
  // Nothing is granted by an empty map, so nothing can be delegated from or to one; skipping it would launder rights.
  if (child.tools.size === 0) return refuseChain("invalid-attenuation", "it grants no tools");
  if (parent.type === "issuer") {
    return firstRefusal(child.tools.keys(), (tool) => checkIssuable(parent, tool));
  }
  const wide = child.tools.get("*");
  return (
    firstRefusal(child.tools, ([tool, set]) => checkTool(parent, tool, set, evaluation)) ??
    (wide === undefined ? undefined : checkShadowed(parent, child, wide, evaluation))
  );
}

function checkIssuable(parent: Warrant, tool: string): WarrantRefusal | undefined {
  if (parent.issuableTools.has(tool) || parent.issuableTools.has("*")) return undefined;
  return refuseChain("capability-expansion", `its parent may not issue \`${tool}\``);
}

function checkTool(
  parent: Warrant,
  tool: string,
  set: ConstraintSet,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  const granted = parent.tools.get(tool) ?? parent.tools.get("*");
  if (granted === undefined)
    return refuseChain("capability-expansion", `its parent doesn't grant \`${tool}\``);
  return checkNarrower(granted, set, tool, evaluation);
}

/** A child's `*` also serves every tool that its parent lists by name and the child doesn't. */
function checkShadowed(
  parent: Warrant,
  child: Warrant,
  wide: ConstraintSet,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  return firstRefusal(parent.tools, ([tool, set]) =>
    child.tools.has(tool) ? undefined : checkNarrower(set, wide, tool, evaluation),
  );
}

function checkNarrower(
  parent: ConstraintSet,
  child: ConstraintSet,
  tool: string,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  const wider = widening(parent, child, evaluation);
  return wider === undefined ? undefined : refuseChain("capability-expansion", `for \`${tool}\` it ${wider}`);
}

function checkIssuing(
  parent: Warrant,
  child: Warrant,
  limits: IssuerLimits,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  if (child.type === "issuer") return checkIssuer(child, limits, evaluation);
  if (child.depth > limits.maxIssueDepth) {
    return refuseChain(
      "invalid-attenuation",
      "it lies deeper than the max_issue_depth of an issuer above it",
    );
  }
  const { bounds } = limits;
  if (parent.type !== "issuer" || bounds === undefined) return undefined;
  return firstRefusal(child.tools, ([tool, set]) => checkNarrower(bounds, set, tool, evaluation));
}

function checkIssuer(
  child: Warrant,
  limits: IssuerLimits,
  evaluation: Evaluation,
): WarrantRefusal | undefined {
  if (child.maxIssueDepth !== undefined && child.maxIssueDepth > limits.maxIssueDepth) {
    return refuseChain("invalid-attenuation", "its max_issue_depth is beyond that of an issuer above it");
  }
  if (child.constraintBounds === undefined || limits.bounds === undefined) return undefined;
  const wider = widening(limits.bounds, child.constraintBounds, evaluation);
  return wider === undefined ? undefined : refuseChain("capability-expansion", `as an issuer it ${wider}`);
}

/** Who plans may not also act: no execution warrant for a key that issued somewhere above it. */
function checkPlanners(child: Warrant, limits: IssuerLimits): WarrantRefusal | undefined {
  if (child.type !== "execution" || !limits.planners.has(child.holder.hex)) return undefined;
  return refuseChain("invalid-issuer", "its holder issued a warrant above it");
}
