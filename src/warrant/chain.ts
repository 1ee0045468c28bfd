import { isOnCurve, verifySignature } from "../crypto/ed25519.ts";
import { bounded, Evaluation } from "../evaluation.ts";
import type { Steps } from "../steps.ts";
import { MAX_APPROVERS } from "./limits.ts";
import { checkLink, type IssuerLimits, limitsBelow, NO_ISSUER } from "./link.ts";
import { type DatedWarrant, type ProvenChain, provenChain } from "./proven-chain.ts";
import { broken, firstRefusal, refuse, refuseChain, type WarrantRefusal } from "./refusal.ts";
import { checkRevocation, type Revocation } from "./revocation.ts";
import { warrantMessage } from "./signed-message.ts";
import { approverKeys, type Stack, type Warrant, warrantIdText } from "./warrant.ts";

/** Whom the verifier believes. */
export interface Trust {
  /** Hex of the root keys. */
  readonly roots: ReadonlySet<string>;
  /** How far ahead of our clock an issue time may lie. */
  readonly clockToleranceSeconds: number;
  /** Undefined where no revocation list is configured. */
  readonly revocation?: Revocation;
}

/** Holds a stack against trust and time, in the documented order; strangers are turned away before any crypto. */
export function* proveChain(stack: Stack, trust: Trust, now: number): Steps<ProvenChain | WarrantRefusal> {
  const links = new Evaluation(now);
  const refusal =
    checkRevocation(stack, trust.revocation, now) ??
    checkDistinct(stack) ??
    checkTrusted(stack[0], trust) ??
    checkRoot(stack) ??
    checkApproverCount(stack) ??
    (yield* checkSignatures(stack)) ??
    checkTimes(stack, trust, now) ??
    (yield* bounded(checkLinks(stack, links), TOO_COSTLY));
  return refusal ?? provenChain(stack, links);
}

/** The same for a chain that was proven before: what may have changed since, in the same order. */
export function recheckChain(
  { warrants, root }: ProvenChain,
  trust: Trust,
  now: number,
): WarrantRefusal | undefined {
  return (
    checkRevocation(warrants, trust.revocation, now) ??
    checkTrusted(root, trust) ??
    checkTimes(warrants, trust, now)
  );
}

function checkDistinct(stack: Stack): WarrantRefusal | undefined {
  const distinct = new Set(stack.map((warrant) => warrant.id));
  return distinct.size === stack.length ? undefined : broken("a warrant occurs twice in the chain");
}

function checkTrusted({ issuer, depth }: ProvenChain["root"], { roots }: Trust): WarrantRefusal | undefined {
  if (roots.has(issuer.hex)) return undefined;
  return refuse(
    "untrusted_root",
    depth === 0
      ? "the first warrant isn't signed by a trusted root"
      : `the first warrant is a delegated one, of depth ${depth}, that came without its parents; send the whole stack, root first`,
  );
}

function checkRoot(stack: Stack): WarrantRefusal | undefined {
  const [root] = stack;
  if (stack.length > 1 && (root.depth !== 0 || root.parentHash !== undefined)) {
    return broken("the chain doesn't start with a root warrant");
  }
  // A trusted key may have signed a delegated warrant itself, and then it may come alone; it must be sound as one.
  const isConsistent =
    root.depth === 0
      ? root.parentHash === undefined
      : root.parentHash !== undefined && root.depth <= root.maxDepth;
  return isConsistent ? undefined : broken("depth and parent of the warrant contradict each other");
}

/** Whether a key is a point costs as much as a signature, so a chain may name no more of them than one warrant. */
function checkApproverCount(stack: Stack): WarrantRefusal | undefined {
  const approvers = new Set(stack.flatMap((warrant) => [...approverKeys(warrant)]));
  return approvers.size > MAX_APPROVERS
    ? broken(`the chain names more than ${MAX_APPROVERS} approvers`)
    : undefined;
}

function* checkSignatures(stack: Stack): Steps<WarrantRefusal | undefined> {
  for (const warrant of stack) {
    const refusal = yield* checkSignature(warrant);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Judges the signature of one warrant, and that the keys it names are points of the curve. */
export function* checkSignature(warrant: Warrant): Steps<WarrantRefusal | undefined> {
  yield;
  if (!verifySignature(warrant.issuer, warrantMessage(warrant.payload), warrant.signature)) {
    return refuse("invalid_warrant", `the signature of ${warrantIdText(warrant)} doesn't verify`);
  }
  for (const key of [warrant.holder, ...warrant.requiredApprovers]) {
    if (!isOnCurve(key))
      return refuse("invalid_warrant", `${warrantIdText(warrant)} names a key that isn't on the curve`);
    yield;
  }
  return undefined;
}

function checkTimes(
  warrants: readonly DatedWarrant[],
  trust: Trust,
  now: number,
): WarrantRefusal | undefined {
  return firstRefusal(warrants, (warrant) => checkTime(warrant, trust, now));
}

function checkTime(warrant: DatedWarrant, trust: Trust, now: number): WarrantRefusal | undefined {
  if (now >= warrant.expiresAt) {
    return refuse("warrant_expired", `${warrantIdText(warrant)} expired at ${utc(warrant.expiresAt)}`);
  }
  if (warrant.issuedAt > now + trust.clockToleranceSeconds) {
    return refuse(
      "warrant_not_yet_valid",
      `${warrantIdText(warrant)} is issued at ${utc(warrant.issuedAt)}; check the clocks`,
    );
  }
  return undefined;
}

/** Beyond the years a Date can hold, the bare seconds. */
function utc(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace(".000Z", "Z");
}

const TOO_COSTLY = refuseChain(
  "invalid-attenuation",
  "the constraints of the chain would take too long to compare",
);

function* checkLinks(stack: Stack, evaluation: Evaluation): Steps<WarrantRefusal | undefined> {
  let parent: Warrant = stack[0];
  let limits: IssuerLimits = limitsBelow(parent, NO_ISSUER);
  for (const child of stack.slice(1)) {
    yield;
    const refusal = checkLink(parent, child, limits, evaluation);
    if (refusal !== undefined) return { ...refusal, detail: `${warrantIdText(child)}: ${refusal.detail}` };
    parent = child;
    limits = limitsBelow(child, limits);
  }
  return undefined;
}
