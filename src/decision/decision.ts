import type { Mode } from "../gateway/schema.ts";
import type { Value } from "../value.ts";
import type { CountedApproval } from "../warrant/approval/count.ts";
import type { ApprovalDemand, ChainFault } from "../warrant/refusal.ts";
import type { Reason } from "./reason.ts";

export type { Mode };

/** Facts about the verified call; all of them proven. */
export interface Facts {
  readonly tool: string;
  /** `tnu_wrt_…` of the leaf. */
  readonly warrantId: string;
  /** Hex of the leaf's holder and of the root that signed the chain. */
  readonly holder: string;
  readonly root: string;
  /** Depth of the leaf; 0 for a root warrant. */
  readonly chainDepth: number;
  /** Of the leaf, in Unix seconds. */
  readonly expiresAt: number;
  /** Text ids, root first. */
  readonly chain: readonly string[];
  /** Of the leaf, where it names them. */
  readonly sessionId?: string;
  readonly agentId?: string;
}

/** The facts that the warrants alone tell. */
export type ChainFacts = Omit<Facts, "tool">;

/** Unlike all else in a decision, this depends on what was asked before, and tells nothing of the call. */
export interface Known {
  /** Whether the chain was proven by a request before; undefined where the warrant wasn't read. */
  readonly isChainKnown?: boolean | undefined;
}

export interface Allow extends Facts, Known {
  readonly allow: true;
  readonly mode: Mode;
  /** Who approved the call, where it needed approval. */
  readonly approvals: readonly CountedApproval[];
}

/** What is known of a denied call: claims, as far as the checks got, and never a proven fact. */
export interface Deny extends Partial<Facts>, Known {
  readonly allow: false;
  readonly reason: Reason;
  readonly mode: Mode;
  /** For operators; shown to clients in debug mode only. */
  readonly detail: string;
  readonly chainFault?: ChainFault;
  readonly field?: string;
  readonly constraint?: string;
  readonly value?: Value;
  readonly approval?: ApprovalDemand;
}

export type Decision = Allow | Deny;
