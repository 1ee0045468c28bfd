import { bounded, Evaluation } from "../evaluation.ts";
import type { Arguments } from "../value.ts";
import { checkChain, type Trust } from "./chain.ts";
import { checkArguments } from "./constraint-set.ts";
import { isProof, parseProofHeader } from "./header.ts";
import { checkProof, PROOF_WINDOWS, type ProofWindows } from "./proof.ts";
import { refuse, type WarrantRefusal } from "./refusal.ts";
import { hasApprovalGates, leafOf, type Stack } from "./warrant.ts";

/** One call of a tool under a stack. */
export interface Call {
  readonly tool: string;
  readonly args: Arguments;
  /** Text of the proof header, where there is one. */
  readonly proof: string | undefined;
  /** The least clearance the leaf needs, 0 unless said; a leaf without any has 0. */
  readonly requiredClearance?: number;
}

/**
 * Whether the stack allows the call now (verification §1 B and C); the first check that fails decides.
 *
 * @param now Unix seconds
 */
export function verifyCall(
  stack: Stack,
  call: Call,
  trust: Trust,
  now: number,
  windows: ProofWindows = PROOF_WINDOWS,
): WarrantRefusal | undefined {
  const { tool, args, requiredClearance = 0 } = call;
  const leaf = leafOf(stack);
  const evaluation = new Evaluation(now);

  const chain = checkChain(stack, trust, evaluation);
  if (chain !== undefined) return chain;
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
  return (
    checkProof({ warrant: leaf, tool, args }, proof, now, windows) ??
    bounded(() => checkArguments(granted, args, evaluation), TOO_COSTLY) ??
    checkApprovals(stack)
  );
}

const TOO_COSTLY = refuse(
  "constraint_violation",
  "holding these arguments against their constraints would take too long",
);

/** Approvals can't be judged yet, so whatever might be gated is refused, also where a child dropped the gate. */
function checkApprovals(stack: Stack): WarrantRefusal | undefined {
  if (!stack.some(hasApprovalGates)) return undefined;
  return refuse("approval_required", "the chain has approval gates, which this version can't open yet");
}
