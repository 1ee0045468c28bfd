import type { Value } from "../value.ts";

/** Why a stack, or a call under it, is refused. */
export type WarrantReason =
  | "approval_required"
  | "chain_invalid"
  | "constraint_violation"
  | "insufficient_approvals"
  | "insufficient_clearance"
  | "invalid_approval"
  | "invalid_pop"
  | "invalid_warrant"
  | "missing_pop"
  | "missing_warrant"
  | "pop_expired"
  | "revocation_unavailable"
  | "tool_not_in_warrant"
  | "unknown_constraint"
  | "untrusted_root"
  | "warrant_expired"
  | "warrant_not_yet_valid"
  | "warrant_revoked"
  | "wrong_warrant_type";

/** What about a chain is wrong: its links, its rights, or who issued it. */
export type ChainFault = "chain-broken" | "invalid-attenuation" | "capability-expansion" | "invalid-issuer";

export interface WarrantRefusal {
  readonly refused: WarrantReason;
  /** For operators; leaves the service in debug mode only. */
  readonly detail: string;
  /** Only with `chain_invalid`. */
  readonly chainFault?: ChainFault;
  /** The argument at fault. */
  readonly field?: string;
  /** What the warrant asks of it, as {@link Constraint.describe} prints it. */
  readonly constraint?: string;
  /** What the request has there; undefined when it has nothing. */
  readonly value?: Value;
  /** Only with `approval_required` and `insufficient_approvals`. */
  readonly approval?: ApprovalDemand;
}

/** What a client needs to have a call approved. */
export interface ApprovalDemand {
  /** 64 hex digits: what approvers sign. */
  readonly requestHash: string;
  readonly required: number;
  readonly received: number;
  /** Keys in hex, as the warrant lists them. */
  readonly approvers: readonly string[];
  /** The warrant's own words on why it asks; text of a stranger. */
  readonly message?: string;
}

/** Tells what a check returned that returns something else than a refusal where it can. */
export function isRefused(result: object): result is WarrantRefusal {
  return "refused" in result && result.refused !== undefined;
}

export function refuse(refused: WarrantReason, detail: string): WarrantRefusal {
  return { refused, detail };
}

/** Of the first item that is refused; the rest isn't looked at. */
export function firstRefusal<Item>(
  items: Iterable<Item>,
  check: (item: Item) => WarrantRefusal | undefined,
): WarrantRefusal | undefined {
  for (const item of items) {
    const refusal = check(item);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

export function refuseChain(chainFault: ChainFault, detail: string): WarrantRefusal {
  return { refused: "chain_invalid", detail, chainFault };
}

/** Of a chain whose links don't hold, whatever they grant. */
export function broken(detail: string): WarrantRefusal {
  return refuseChain("chain-broken", detail);
}
