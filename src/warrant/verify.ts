import { bounded, Evaluation } from "../evaluation.ts";
import type { Steps } from "../steps.ts";
import type { Arguments } from "../value.ts";
import { type ApprovalLimits, checkApprovals, type GatedCall, isCounted } from "./approval/check.ts";
import type { CountedApproval } from "./approval/count.ts";
import { isApprovals, parseApprovalsHeader } from "./approval/header.ts";
import { proveChain, recheckChain, type Trust } from "./chain.ts";
import { type ConstraintSet, checkArguments } from "./constraint-set.ts";
import { isProof, parseProofHeader } from "./header.ts";
import type { KnownSignatures } from "./known-signatures.ts";
import { MAX_APPROVALS } from "./limits.ts";
import { isStack } from "./parse.ts";
import { checkProof, PROOF_WINDOWS, type ProofWindows } from "./proof.ts";
import type { ProvenChain } from "./proven-chain.ts";
import { isRefused, refuse, type WarrantRefusal } from "./refusal.ts";
import type { Stack } from "./warrant.ts";

/** One call of a tool under a stack. */
export interface Call {
  readonly tool: string;
  readonly args: Arguments;
  /** Texts of the headers with the proof and with approvals, where there are any. */
  readonly proof: string | undefined;
  readonly approvals?: string | undefined;
  /** The least clearance the leaf needs, 0 unless said; a leaf without any has 0. */
  readonly requiredClearance?: number;
  /** The most approvals to judge; {@link MAX_APPROVALS} unless said. */
  readonly maxApprovals?: number;
}

/** A call that is allowed. */
export interface Verified {
  readonly refused?: undefined;
  /** The approvals it needed; empty where no gate fired. */
  readonly approvals: readonly CountedApproval[];
}

/** Spares what was verified before; no verdict depends on it. */
export interface Spared {
  readonly signatures?: KnownSignatures | undefined;
  /** Told of a stack once it is proven, whatever becomes of the call. */
  readonly keepChain?: ((chain: ProvenChain) => void) | undefined;
}

/**
 * Whether the chain allows the call now (verification §1 A4, B and C); the first check that fails decides.
 *
 * @param now Unix seconds
 */
export function* verifyCall(
  given: Stack | ProvenChain,
  call: Call,
  trust: Trust,
  now: number,
  spared: Spared = {},
  windows: ProofWindows = PROOF_WINDOWS,
): Steps<Verified | WarrantRefusal> {
  const { tool, args, requiredClearance = 0, maxApprovals = MAX_APPROVALS } = call;

  const approvals = parseApprovalsHeader(call.approvals);
  if (!isApprovals(approvals)) return approvals;
  const chain = isStack(given)
    ? yield* proveChain(given, trust, now)
    : (recheckChain(given, trust, now) ?? given);
  if (isRefused(chain)) return chain;
  if (chain !== given) spared.keepChain?.(chain);
  const { leaf } = chain;
  if ((leaf.clearance ?? 0) < requiredClearance) {
    return refuse(
      "insufficient_clearance",
      `\`${tool}\` needs clearance ${requiredClearance}, the warrant has ${leaf.clearance ?? "none, which counts as 0"}`,
    );
  }
  if (leaf.type !== "execution")
    return refuse("wrong_warrant_type", "an issuer warrant can't be used for a call");

  const granted = leaf.tools.get(tool) ?? leaf.tools.get("*");
  if (granted === undefined) return refuse("tool_not_in_warrant", `the warrant doesn't grant \`${tool}\``);

  const proof = parseProofHeader(call.proof);
  if (!isProof(proof)) return proof;
  const { signatures } = spared;
  const known = signatures && { signatures, owner: chain.warrants[0].id };
  const unproven = yield* checkProof({ warrant: leaf, tool, args }, proof, now, windows, known);
  if (unproven !== undefined) return unproven;

  // With the effort the links left, and nothing that they compiled: it has to cost the same whether they were compared or not.
  const evaluation = new Evaluation(now, chain.effortLeft);
  const limits = { maxApprovals, clockToleranceSeconds: trust.clockToleranceSeconds };
  return yield* bounded(judge(granted, { leaf, tool, args, approvals }, limits, evaluation), TOO_COSTLY);
}

function* judge(
  granted: ConstraintSet,
  call: GatedCall,
  limits: ApprovalLimits,
  evaluation: Evaluation,
): Steps<Verified | WarrantRefusal> {
  yield;
  const violation = checkArguments(granted, call.args, evaluation);
  if (violation !== undefined) return violation;
  yield;
  const counted = yield* checkApprovals(call, limits, evaluation);
  return isCounted(counted) ? { approvals: counted } : counted;
}

const TOO_COSTLY: Verified | WarrantRefusal = refuse(
  "constraint_violation",
  "holding these arguments against their constraints would take too long",
);
