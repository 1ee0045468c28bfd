import type { Evaluation } from "../../evaluation.ts";
import type { Steps } from "../../steps.ts";
import type { Arguments } from "../../value.ts";
import type { Leaf } from "../proven-chain.ts";
import { type ApprovalDemand, refuse, type WarrantRefusal } from "../refusal.ts";
import { approvalThreshold, approverKeys } from "../warrant.ts";
import { type CountedApproval, countApprovals } from "./count.ts";
import { gateOf, isGated } from "./gate.ts";
import { requestHash } from "./request-hash.ts";
import type { SignedApproval } from "./signed-approval.ts";

/** A call that has passed every other check. */
export interface GatedCall {
  readonly leaf: Leaf;
  readonly tool: string;
  readonly args: Arguments;
  readonly approvals: readonly SignedApproval[];
}

export interface ApprovalLimits {
  /** Approvals to judge for one call; each may cost a verification. */
  readonly maxApprovals: number;
  readonly clockToleranceSeconds: number;
}

/**
 * Whether the leaf's gates let a call pass (approvals §2.2, §5).
 *
 * @returns the approvals that count: none where no gate fires, and those that were sent aren't looked at.
 * @throws {TooCostly} when it would take more effort than is left.
 */
export function* checkApprovals(
  call: GatedCall,
  limits: ApprovalLimits,
  evaluation: Evaluation,
): Steps<readonly CountedApproval[] | WarrantRefusal> {
  const { leaf, tool, args, approvals } = call;
  if (leaf.gates === undefined) return [];
  if (leaf.gates === "malformed") return invalid("the approval gates of the warrant can't be read");
  const gate = gateOf(leaf.gates, tool);
  if (gate === undefined) return [];
  const gated = isGated(gate, args, evaluation);
  if (gated === false) return [];
  if (gated !== true) return gated;

  const { length } = leaf.requiredApprovers;
  if (length === 0) return invalid("the warrant asks for approval but names no approvers");
  if (approvals.length === 0) return yield* approvalRequired(call, gate.message);
  const most = Math.min(2 * length, limits.maxApprovals);
  if (approvals.length > most) return invalid(`of ${approvals.length} approvals, at most ${most} are judged`);
  return yield* judgeApprovals(call, limits, evaluation.now);
}

/** Tells what {@link checkApprovals} returned. */
export function isCounted(
  result: readonly CountedApproval[] | WarrantRefusal,
): result is readonly CountedApproval[] {
  return Array.isArray(result);
}

function* judgeApprovals(
  call: GatedCall,
  { clockToleranceSeconds }: ApprovalLimits,
  now: number,
): Steps<readonly CountedApproval[] | WarrantRefusal> {
  const { leaf, tool, args, approvals } = call;
  const required = approvalThreshold(leaf);
  const hash = yield* requestHash(leaf, tool, args);
  const { counted, rejected } = yield* countApprovals(
    approvals,
    {
      requestHash: hash,
      approvers: approverKeys(leaf),
      required,
      clockToleranceSeconds,
    },
    now,
  );
  if (counted.length >= required) return counted;
  const why = rejected.length === 0 ? "" : `; not counted: ${rejected.join(", ")}`;
  if (required === 1 && approvals.length === 1) return invalid(`the one approval doesn't count${why}`);
  const detail = `${counted.length} of ${required} approvals count${why}`;
  return { ...refuse("insufficient_approvals", detail), approval: demandOf(call, hash, counted.length) };
}

function* approvalRequired(call: GatedCall, message: string | undefined): Steps<WarrantRefusal> {
  const { leaf, tool, args } = call;
  const approval = demandOf(call, yield* requestHash(leaf, tool, args), 0);
  const text = message ?? `Approval required for tool '${tool}'`;
  return {
    ...refuse("approval_required", `no approval is sent, and ${approval.required} needed`),
    approval: { ...approval, message: text },
  };
}

/** @param hash takes as long as the arguments are large, so it is made once */
function demandOf({ leaf }: GatedCall, hash: Uint8Array, received: number): ApprovalDemand {
  return {
    requestHash: Buffer.from(hash).toString("hex"),
    required: approvalThreshold(leaf),
    received,
    approvers: leaf.requiredApprovers.map((key) => key.hex),
  };
}

function invalid(detail: string): WarrantRefusal {
  return refuse("invalid_approval", detail);
}
