import { randomBytes } from "node:crypto";
import { encode } from "../cbor/encode.ts";
import type { CborKey, CborValue } from "../cbor/value.ts";
import { type PublicKey, type SigningKey, signMessage } from "../crypto/ed25519.ts";
import { Evaluation } from "../evaluation.ts";
import { finish } from "../steps.ts";
import { APPROVAL_GATES, type GateMap, writeGateMap } from "./approval/gate.ts";
import { type ConstraintSet, constraintSetToCbor } from "./constraint-set.ts";
import { MAX_DEPTH } from "./limits.ts";
import { checkLink, limitsBelow, NO_ISSUER } from "./link.ts";
import { ENVELOPE_VERSION, isStack, parseStack } from "./parse.ts";
import { ALGORITHM, KEY, PAYLOAD_VERSION } from "./payload.ts";
import { warrantMessage } from "./signed-message.ts";
import { leafOf, type Stack, WARRANT_ID_BYTES, type Warrant } from "./warrant.ts";

/** What to put into an execution warrant. Times are Unix seconds. */
export interface Grant {
  readonly holder: PublicKey;
  readonly tools: Readonly<Record<string, ConstraintSet>>;
  readonly issuedAt: number;
  readonly lifetimeSeconds: number;
  /** Delegations that may follow, counted from the root; {@link MAX_DEPTH} unless said. */
  readonly maxDepth?: number;
  readonly clearance?: number;
  /** Which calls need whose approval; a child without its own keeps its parent's. */
  readonly approval?: ApprovalGrant;
}

export interface ApprovalGrant {
  readonly gates: GateMap;
  readonly approvers: readonly PublicKey[];
  /** How many have to approve; all of them unless said. */
  readonly minApprovals?: number;
}

/** Makes a root warrant: a stack of one. @throws {RangeError} when the grant breaks a rule of the format. */
export function mint(root: SigningKey, grant: Grant): Stack {
  return [sign(root, grant)];
}

/**
 * Makes a warrant below the leaf of `stack`, signed by that leaf's holder.
 *
 * @throws {RangeError} when the grant is wider than the leaf, or outlives it.
 */
export function delegate(holder: SigningKey, stack: Stack, grant: Grant): Stack {
  const delegated = delegateUnchecked(holder, stack, grant);
  const limits = stack.reduce((above, warrant) => limitsBelow(warrant, above), NO_ISSUER);
  const refusal = checkLink(leafOf(stack), leafOf(delegated), limits, new Evaluation(grant.issuedAt));
  if (refusal !== undefined) throw new RangeError(`the delegated warrant isn't valid: ${refusal.detail}`);
  return delegated;
}

/** The same without the rules of the chain, as nothing keeps a holder from signing more than it holds. */
export function delegateUnchecked(holder: SigningKey, stack: Stack, grant: Grant): Stack {
  const parent = leafOf(stack);
  const [root, ...rest] = stack;
  return [root, ...rest, sign(holder, { maxDepth: parent.maxDepth, ...grant }, parent)];
}

/** The bytes of a stack; a single warrant stands without an array around it. */
export function encodeStack(stack: Stack): Uint8Array {
  const envelopes = stack.map(({ payload, signature }) => [
    ENVELOPE_VERSION,
    payload,
    [ALGORITHM, signature],
  ]);
  return encode(stack.length === 1 ? (envelopes[0] as CborValue) : envelopes);
}

function sign(issuer: SigningKey, grant: Grant, parent?: Warrant): Warrant {
  const payload = encode(toPayload(issuer, grant, parent));
  const signature = signMessage(issuer, warrantMessage(payload));
  const parsed = finish(parseStack(encode([ENVELOPE_VERSION, payload, [ALGORITHM, signature]])));
  if (!isStack(parsed)) throw new RangeError(`the warrant isn't valid: ${parsed.detail}`);
  return parsed[0];
}

function toPayload(issuer: SigningKey, grant: Grant, parent: Warrant | undefined): CborValue {
  const tools = Object.entries(grant.tools).map(([name, set]) => [name, constraintSetToCbor(set)] as const);
  const payload = new Map<CborKey, CborValue>([
    [KEY.version, PAYLOAD_VERSION],
    [KEY.id, uuidV7(grant.issuedAt * 1000)],
    [KEY.type, 0n],
    [KEY.tools, new Map(tools)],
    [KEY.holder, [ALGORITHM, grant.holder.bytes]],
    [KEY.issuer, [ALGORITHM, issuer.publicKey.bytes]],
    [KEY.issuedAt, BigInt(grant.issuedAt)],
    [KEY.expiresAt, BigInt(grant.issuedAt + grant.lifetimeSeconds)],
    [KEY.maxDepth, BigInt(grant.maxDepth ?? MAX_DEPTH)],
    [KEY.depth, BigInt(parent === undefined ? 0 : parent.depth + 1)],
  ]);
  // The published encoders write these bytes as an array of integers.
  if (parent !== undefined) payload.set(KEY.parentHash, Array.from(parent.payloadHash, BigInt));
  if (grant.clearance !== undefined) payload.set(KEY.clearance, BigInt(grant.clearance));
  const approval = grant.approval ?? (parent && approvalOf(parent));
  if (approval !== undefined) addApproval(payload, approval);
  return payload;
}

function approvalOf({ gates, requiredApprovers, minApprovals }: Warrant): ApprovalGrant | undefined {
  if (gates === undefined || gates === "malformed") return undefined;
  return { gates, approvers: requiredApprovers, ...(minApprovals !== undefined && { minApprovals }) };
}

function addApproval(
  payload: Map<CborKey, CborValue>,
  { gates, approvers, minApprovals }: ApprovalGrant,
): void {
  // The published encoders write extensions as arrays of integers too.
  payload.set(KEY.extensions, new Map([[APPROVAL_GATES, Array.from(writeGateMap(gates), BigInt)]]));
  const keys = approvers.map((key) => [ALGORITHM, key.bytes] as const);
  payload.set(KEY.requiredApprovers, keys);
  if (minApprovals !== undefined) payload.set(KEY.minApprovals, BigInt(minApprovals));
}

/** RFC 9562 §5.7: the time in milliseconds, then random bits. */
function uuidV7(milliseconds: number): Uint8Array {
  const id = randomBytes(WARRANT_ID_BYTES);
  id.writeUIntBE(milliseconds, 0, 6);
  id[6] = 0x70 | ((id[6] as number) & 0x0f);
  id[8] = 0x80 | ((id[8] as number) & 0x3f);
  return id;
}
