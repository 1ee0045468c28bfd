import { encode, encodeInSteps } from "../cbor/encode.ts";
import { type SigningKey, signMessage, verifySignature } from "../crypto/ed25519.ts";
import { finish, type Steps } from "../steps.ts";
import { compareText } from "../text-order.ts";
import type { Arguments } from "../value.ts";
import type { KnownSignatures } from "./known-signatures.ts";
import { refuse, type WarrantRefusal } from "./refusal.ts";
import { proofMessage } from "./signed-message.ts";
import type { Warrant } from "./warrant.ts";

/** What the holder signs: this warrant, this tool, these arguments, this window of time. */
export interface ProvenCall {
  readonly warrant: Pick<Warrant, "id" | "holder">;
  readonly tool: string;
  readonly args: Arguments;
}

export interface ProofWindows {
  readonly windowSeconds: number;
  /** How many windows around now are accepted. */
  readonly maxWindows: number;
}

/** With these a proof is good from 60 s before its window starts until 90 s after. */
export const PROOF_WINDOWS: ProofWindows = Object.freeze({ windowSeconds: 30, maxWindows: 5 });

/** Signs a call for the window that holds `now` (Unix seconds). */
export function signProof(
  key: SigningKey,
  call: ProvenCall,
  now: number,
  { windowSeconds } = PROOF_WINDOWS,
): Uint8Array {
  const challenge = finish(challengeOf(call));
  return signMessage(key, challenge(Math.floor(now / windowSeconds) * windowSeconds));
}

/** Where valid proofs are remembered, and at whose expense. */
export interface KnownProofs {
  readonly signatures: KnownSignatures;
  readonly owner: string;
}

/**
 * Holds a proof against the windows around `now` (Unix seconds), nearest first.
 *
 * @param known spares the verification of a proof that was found valid before
 */
export function* checkProof(
  call: ProvenCall,
  proof: Uint8Array,
  now: number,
  windows: ProofWindows = PROOF_WINDOWS,
  known?: KnownProofs,
): Steps<WarrantRefusal | undefined> {
  const { holder } = call.warrant;
  const current = Math.floor(now / windows.windowSeconds);
  const challenge = yield* challengeOf(call);
  const messageAt = (offset: number): Uint8Array => challenge((current + offset) * windows.windowSeconds);

  const accepted = windows === PROOF_WINDOWS ? USUAL_OFFSETS : acceptedOffsets(windows.maxWindows);
  const validity = known?.signatures.find(proof);
  if (
    validity !== undefined &&
    (yield* findAtOneOf(accepted, messageAt, (message) => validity(holder, message)))
  ) {
    return undefined;
  }
  const verify = (message: Uint8Array): boolean => verifySignature(holder, message, proof);
  const message = yield* findAtOneOf(accepted, messageAt, verify);
  if (message !== undefined) {
    known?.signatures.add(holder, message, proof, known.owner);
    return undefined;
  }
  if (yield* findAtOneOf(missedOffsets(windows.maxWindows), messageAt, verify)) {
    return refuse(
      "pop_expired",
      "the proof was signed for another time; sign each call anew, with a correct clock",
    );
  }
  return refuse(
    "invalid_pop",
    "the proof isn't the holder's signature over this warrant, tool, arguments and time",
  );
}

// Not inside its caller: the platform would have to learn each of its copies anew.
function* findAtOneOf(
  offsets: readonly number[],
  messageAt: (offset: number) => Uint8Array,
  isValid: (message: Uint8Array) => boolean,
): Steps<Uint8Array | undefined> {
  for (const offset of offsets) {
    yield;
    const message = messageAt(offset);
    // Large arguments take as long to copy as to hash.
    yield;
    if (isValid(message)) return message;
  }
  return undefined;
}

/** 0, −1, +1, −2, +2 …, as many as there are windows. */
function acceptedOffsets(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? i / 2 : -(i + 1) / 2));
}

const USUAL_OFFSETS = acceptedOffsets(PROOF_WINDOWS.maxWindows);

/**
 * Two windows before the accepted ones and one after: worth three more verifications, so that a late proof or a
 * wrong clock is told from a wrong proof.
 */
function missedOffsets(count: number): readonly number[] {
  const oldest = -Math.floor(count / 2);
  const newest = Math.floor((count - 1) / 2);
  return [oldest - 1, oldest - 2, newest + 1];
}

/** What is signed for a window that starts at the given Unix second; the arguments are encoded once for all windows. */
function* challengeOf({ warrant, tool, args }: ProvenCall): Steps<(windowStart: number) => Uint8Array> {
  const sorted = [...args].sort(([a], [b]) => compareText(a, b));
  const items = [ARRAY_OF_FOUR, encode(warrant.id), encode(tool), yield* encodeInSteps(sorted)];
  return (windowStart) => proofMessage(...items, encode(BigInt(windowStart)));
}

/** Head of a CBOR array of four items. */
const ARRAY_OF_FOUR = Buffer.of(0x84);
