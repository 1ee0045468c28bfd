import { isOnCurve, verifySignature } from "../crypto/ed25519.ts";
import { bounded, type Evaluation } from "../evaluation.ts";
import type { Steps } from "../steps.ts";
import { MAX_APPROVERS } from "./limits.ts";
import { checkLink, type IssuerLimits, limitsBelow, NO_ISSUER } from "./link.ts";
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

/** Holds a chain against trust and time, in the documented order; strangers are turned away before any crypto. */
export function* checkChain(
  stack: Stack,
  trust: Trust,
  evaluation: Evaluation,
): Steps<WarrantRefusal | undefined> {
  return (
    checkRevocation(stack, trust.revocation, evaluation.now) ??
    checkDistinct(stack) ??
    checkRoot(stack, trust) ??
    checkApproverCount(stack) ??
    (yield* checkSignatures(stack)) ??
    firstRefusal(stack, (warrant) => checkTime(warrant, trust, evaluation.now)) ??
    (yield* bounded(checkLinks(stack, evaluation), TOO_COSTLY))
  );
}

function checkDistinct(stack: Stack): WarrantRefusal | undefined {
  const distinct = new Set(stack.map((warrant) => warrant.id));
  return distinct.size === stack.length ? undefined : broken("a warrant occurs twice in the chain");
}

function checkRoot(stack: Stack, trust: Trust): WarrantRefusal | undefined {
  const [root] = stack;
  if (!trust.roots.has(root.issuer.hex)) {
    const { depth } = root;
    return refuse(
      "untrusted_root",
      depth === 0
        ? "the first warrant isn't signed by a trusted root"
        : `the first warrant is a delegated one, of depth ${depth}, that came without its parents; send the whole stack, root first`,
    );
  }
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

function checkTime(warrant: Warrant, trust: Trust, now: number): WarrantRefusal | undefined {
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
