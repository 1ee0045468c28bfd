import type { Steps } from "../../steps.ts";
import { openApproval, type SignedApproval } from "./signed-approval.ts";

/** What an approval has to be to count. */
export interface Demand {
  readonly requestHash: Uint8Array;
  /** Hex keys of the approvers. */
  readonly approvers: ReadonlySet<string>;
  /** How many of them have to approve. */
  readonly required: number;
  /** How far ahead of our clock an approval may be dated. It may not be late at all. */
  readonly clockToleranceSeconds: number;
}

/** An approval that counted. */
export interface CountedApproval {
  /** Hex. */
  readonly approver: string;
  /** Who approved, in the words of the approver's system; may be empty. */
  readonly externalId: string;
}

/** Why one doesn't count. */
export type Rejection =
  | "invalid signature"
  | "untrusted approver"
  | "duplicate"
  | "expired"
  | "dated in the future"
  | "made for another request";

export interface Tally {
  readonly counted: readonly CountedApproval[];
  readonly rejected: readonly Rejection[];
}

/**
 * Takes approvals in order until enough distinct approvers count (approvals §5); wrong ones beside them do no harm, and
 * don't use up their approver.
 *
 * @param now Unix seconds
 */
export function* countApprovals(sent: readonly SignedApproval[], demand: Demand, now: number): Steps<Tally> {
  const counted = new Map<string, CountedApproval>();
  const rejected: Rejection[] = [];
  for (const approval of sent) {
    if (counted.size >= demand.required) break;
    yield;
    const result = counted.has(approval.approver.hex) ? "duplicate" : judge(approval, demand, now);
    if (typeof result === "string") rejected.push(result);
    else counted.set(result.approver, result);
  }
  return { counted: [...counted.values()], rejected };
}

function judge(sent: SignedApproval, demand: Demand, now: number): Rejection | CountedApproval {
  // Before the signature, so that no key but the approvers' is worth one.
  if (!demand.approvers.has(sent.approver.hex)) return "untrusted approver";
  const approval = openApproval(sent);
  if (approval === undefined) return "invalid signature";
  if (now >= approval.expiresAt) return "expired";
  if (approval.approvedAt > now + demand.clockToleranceSeconds) return "dated in the future";
  if (Buffer.compare(approval.requestHash, demand.requestHash) !== 0) return "made for another request";
  return { approver: sent.approver.hex, externalId: approval.externalId };
}
