import type { PublicKey } from "../crypto/ed25519.ts";
import type { GateMap } from "./approval/gate.ts";
import type { ConstraintSet } from "./constraint-set.ts";

/** One signed warrant, read and structurally sound; its signature is not yet judged. Times are Unix seconds. */
export interface Warrant {
  /** 32 lower-case hex digits, the form a proof signs; see {@link warrantIdText} for every other use. */
  readonly id: string;
  readonly type: "execution" | "issuer";
  /** By exact tool name or `*`. Empty on an issuer warrant, and on an execution warrant that grants nothing. */
  readonly tools: ReadonlyMap<string, ConstraintSet>;
  readonly holder: PublicKey;
  /** The key that signed it. */
  readonly issuer: PublicKey;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Distance from the root, and the largest one a descendant may have. */
  readonly depth: number;
  readonly maxDepth: number;
  /** SHA-256 of the parent's payload bytes; absent on a root. */
  readonly parentHash?: Uint8Array;
  readonly extensions: ReadonlyMap<string, Uint8Array>;
  /** What the issuer noted of the session and the agent; no rule depends on them. */
  readonly sessionId?: string;
  readonly agentId?: string;
  /** Tools an issuer warrant may grant, by exact name or `*`; empty on an execution warrant. */
  readonly issuableTools: ReadonlySet<string>;
  /** The deepest execution warrant that an issuer warrant may lead to. */
  readonly maxIssueDepth?: number;
  /** What each tool granted under an issuer warrant has to narrow. */
  readonly constraintBounds?: ConstraintSet;
  /** Which calls need approval; `malformed` denies them all. */
  readonly gates?: GateMap | "malformed";
  /** As written: a key may occur twice. */
  readonly requiredApprovers: readonly PublicKey[];
  /** See {@link approvalThreshold}. */
  readonly minApprovals?: number;
  /** 0 to 255; absent counts as 0. */
  readonly clearance?: number;
  /** The signed bytes as received, and their SHA-256. */
  readonly payload: Uint8Array;
  readonly payloadHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** A chain of warrants, root first, leaf last. */
export type Stack = readonly [Warrant, ...Warrant[]];

export function leafOf(stack: Stack): Warrant {
  return stack.at(-1) ?? stack[0];
}

/** How many distinct approvers have to approve a gated call: all of them unless the warrant asks for fewer. */
export function approvalThreshold(warrant: Pick<Warrant, "requiredApprovers" | "minApprovals">): number {
  const distinct = approverKeys(warrant).size;
  return Math.min(warrant.minApprovals ?? distinct, distinct);
}

/** Hex of the required approvers, each once. */
export function approverKeys({ requiredApprovers }: Pick<Warrant, "requiredApprovers">): ReadonlySet<string> {
  return new Set(requiredApprovers.map((key) => key.hex));
}

export const WARRANT_ID_BYTES = 16;

/** `tnu_wrt_` and 32 hex digits: the form of logs, headers, revocation lists and request hashes. */
export function warrantIdText(warrant: Pick<Warrant, "id">): string {
  return `tnu_wrt_${warrant.id}`;
}
