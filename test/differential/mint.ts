import { createHash } from "node:crypto";
import { decode } from "../../src/cbor/decode.ts";
import { compareText, encode } from "../../src/cbor/encode.ts";
import type { CborKey, CborValue } from "../../src/cbor/value.ts";
import { type SigningKey, signingKeyFromSeed, signMessage } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { ALGORITHM, KEY } from "../../src/warrant/payload.ts";
import { approvalMessage, proofMessage, warrantMessage } from "../../src/warrant/signed-message.ts";
import {
  type ApprovalSpec,
  type ArgumentGateSpec,
  type CallSpec,
  type CaseSpec,
  type ConstraintSpec,
  KEY_NAMES,
  type KeyName,
  type LinkSpec,
  type ProofSpec,
  type SetSpec,
  type Tampering,
} from "./spec.ts";

/** Every key of every run is the same, so that the server knows its roots. */
export const KEYS: Readonly<Record<KeyName, SigningKey>> = Object.fromEntries(
  KEY_NAMES.map((name) => [name, signingKeyFromSeed(createHash("sha256").update(name).digest())]),
) as Record<KeyName, SigningKey>;

/** One signed warrant: what stands in a stack. */
export interface Envelope {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** The request that a case comes to. */
export interface Material {
  readonly warrant: string;
  readonly proof: string | undefined;
  /** Each signed approval in base64url. */
  readonly approvals: readonly string[];
  /** Unix seconds it was made at. */
  readonly now: number;
}

/** What was made elsewhere already. */
export interface Begun {
  /** Warrants from the root on. */
  readonly chain: readonly Envelope[];
  readonly proof: Uint8Array | undefined;
  readonly approvals: readonly Uint8Array[] | undefined;
}

export const NOTHING_YET: Begun = { chain: [], proof: undefined, approvals: undefined };

/**
 * Makes the rest of a request by hand.
 *
 * @param now Unix seconds
 */
export function assemble(spec: CaseSpec, begun: Begun, now: number): Material {
  const chain = [...begun.chain];
  for (const [index, link] of spec.links.entries()) {
    if (index >= begun.chain.length) chain.push(signLink(spec, link, index, chain.at(-1), now));
  }
  const proof = begun.proof ?? signProof(spec.proof, chain, now);
  const approvals =
    begun.approvals ?? spec.approvals.map((approval) => approve(approval, spec.call, chain, now));
  return {
    warrant: Buffer.from(tamper(spec, chain)).toString("base64url"),
    proof: proofText(spec.proof, proof),
    approvals: approvals.map((bytes) => Buffer.from(bytes).toString("base64url")),
    now,
  };
}

function signLink(
  spec: CaseSpec,
  link: LinkSpec,
  index: number,
  parent: Envelope | undefined,
  now: number,
): Envelope {
  const payload = encode(toPayload(spec, link, index, parent, now));
  return { payload, signature: signMessage(KEYS[link.signer], warrantMessage(payload)) };
}

function toPayload(
  spec: CaseSpec,
  link: LinkSpec,
  index: number,
  parent: Envelope | undefined,
  now: number,
): CborValue {
  const payload = new Map<CborKey, CborValue>([
    [KEY.version, 1n],
    [KEY.id, link.revoked === true ? revokedId(index) : idOf(spec, link.sameIdAs ?? index)],
    [KEY.type, link.type === "execution" ? 0n : 1n],
    [KEY.tools, new Map(Object.entries(link.tools).map(([name, set]) => [name, setToCbor(set)]))],
    [KEY.holder, publicKey(link.holder)],
    [KEY.issuer, publicKey(link.signer)],
    [KEY.issuedAt, BigInt(now + link.issued)],
    [KEY.expiresAt, BigInt(now + link.expires)],
    [KEY.maxDepth, BigInt(link.maxDepth)],
    [KEY.depth, BigInt(link.depth)],
  ]);
  const optional: readonly [bigint, CborValue][] = [
    [KEY.parentHash, link.parent === "none" ? undefined : [...parentHash(link, parent)].map(BigInt)],
    [KEY.issuableTools, link.issuableTools],
    [KEY.maxIssueDepth, maybe(link.maxIssueDepth, BigInt)],
    [KEY.constraintBounds, maybe(link.bounds, setToCbor)],
    [KEY.requiredApprovers, link.approvers?.map(publicKey)],
    [KEY.minApprovals, maybe(link.minApprovals, BigInt)],
    [KEY.clearance, maybe(link.clearance, BigInt)],
    [KEY.extensions, extensionsOf(link)],
  ];
  for (const [key, value] of optional) if (value !== undefined) payload.set(key, value);
  return payload;
}

function maybe<Given, Made>(given: Given | undefined, make: (given: Given) => Made): Made | undefined {
  return given === undefined ? undefined : make(given);
}

function parentHash({ parent }: LinkSpec, above: Envelope | undefined): Uint8Array {
  return sha256(parent === "right" && above !== undefined ? above.payload : Buffer.from("another"));
}

function extensionsOf({ session, agent, gates }: LinkSpec): CborValue {
  const extensions = new Map<string, Uint8Array>();
  if (session !== undefined) extensions.set("tenuo.session_id", Buffer.from(session));
  if (agent !== undefined) extensions.set("tenuo.agent_id", Buffer.from(agent));
  if (gates !== undefined) extensions.set("tenuo.approval_gates", encode(gatesToCbor(gates)));
  if (extensions.size === 0) return undefined;
  return new Map(Array.from(extensions, ([name, bytes]) => [name, Array.from(bytes, BigInt)]));
}

function gatesToCbor(gates: NonNullable<LinkSpec["gates"]>): CborValue {
  const tools = Object.entries(gates).map(([tool, gate]): [string, CborValue] => {
    const entries = Object.entries(gate ?? {}).map(([name, asked]) => [name, gateToCbor(asked)] as const);
    return [tool, new Map([["args", gate === null ? null : new Map(entries)]])];
  });
  return new Map(tools);
}

function gateToCbor(gate: ArgumentGateSpec): CborValue {
  if (gate === "all") return gate;
  if ("matches" in gate) return constraintToCbor(gate.matches);
  return new Map([["exempt", constraintToCbor(gate.exempt)]]);
}

/** Of a warrant made by hand: always the same in the same case. */
function idOf(spec: CaseSpec, index: number): Uint8Array {
  return sha256(Buffer.from(`${spec.seed}:${spec.index}:${index}`)).subarray(0, 16);
}

/** The id of a revoked warrant at that place of a chain; the same in every run, so that one list serves all cases. */
export function revokedId(index: number): Uint8Array {
  return sha256(Buffer.from(`revoked:${index}`)).subarray(0, 16);
}

function publicKey(name: KeyName): CborValue {
  return [ALGORITHM, KEYS[name].publicKey.bytes];
}

function setToCbor({ constraints, allowUnknown }: SetSpec): CborValue {
  const named = new Map(
    Object.entries(constraints).map(([name, constraint]) => [name, constraintToCbor(constraint)]),
  );
  const members: [string, CborValue][] = [["constraints", named]];
  if (allowUnknown === true) members.push(["allow_unknown", true]);
  return new Map(members);
}

/** `[type, value]` (constraints §2), from the specification alone. */
export function constraintToCbor(constraint: ConstraintSpec): CborValue {
  const struct = (type: bigint, members: Readonly<Record<string, CborValue>>): CborValue => [
    type,
    new Map(Object.entries(members)),
  ];
  if ("exact" in constraint) return struct(1n, { value: constraint.exact });
  if ("pattern" in constraint) return struct(2n, { pattern: constraint.pattern });
  if ("range" in constraint) {
    const { min = null, max = null, minInclusive = true, maxInclusive = true } = constraint.range;
    return struct(3n, { min, max, min_inclusive: minInclusive, max_inclusive: maxInclusive });
  }
  if ("oneOf" in constraint) return struct(4n, { values: constraint.oneOf });
  if ("regex" in constraint) return struct(5n, { pattern: constraint.regex });
  if ("notOneOf" in constraint) return struct(7n, { excluded: constraint.notOneOf });
  if ("cidr" in constraint) return [8n, constraint.cidr];
  if ("urlPattern" in constraint) return [9n, constraint.urlPattern];
  if ("contains" in constraint) return struct(10n, { required: constraint.contains });
  if ("subset" in constraint) return struct(11n, { allowed: constraint.subset });
  if ("all" in constraint) return struct(12n, { constraints: constraint.all.map(constraintToCbor) });
  if ("any" in constraint) return struct(13n, { constraints: constraint.any.map(constraintToCbor) });
  if ("not" in constraint) return struct(14n, { constraint: constraintToCbor(constraint.not) });
  if ("cel" in constraint) return struct(15n, { expression: constraint.cel });
  if ("wildcard" in constraint) return [16n, null];
  if ("subpath" in constraint) {
    const { root, caseSensitive, allowEqual } = constraint.subpath;
    return struct(17n, { root, case_sensitive: caseSensitive, allow_equal: allowEqual });
  }
  if ("urlSafe" in constraint) {
    const { allow_ports: ports, ...members } = constraint.urlSafe;
    return struct(18n, { ...members, ...(ports === undefined ? {} : { allow_ports: ports.map(BigInt) }) });
  }
  if ("shlex" in constraint) return struct(128n, { allow: constraint.shlex });
  return [BigInt(constraint.unknown.type), constraint.unknown.value];
}

/** From the text of the protocol, without the code that is under test. */
function signProof(proof: ProofSpec, chain: readonly Envelope[], now: number): Uint8Array {
  const { id } = claimsOf(chain, proof.link);
  const window = BigInt(Math.floor((now + proof.time) / 30) * 30);
  const args = [...proof.args].sort(([a], [b]) => compareText(a, b));
  return signMessage(KEYS[proof.key], proofMessage(encode([id, proof.tool, args, window])));
}

/** Of the leaf, unless another link is meant. */
function claimsOf(chain: readonly Envelope[], link: number | undefined) {
  const { payload } = chain[link ?? chain.length - 1] ?? (chain.at(-1) as Envelope);
  const claims = decode(payload) as ReadonlyMap<bigint, CborValue>;
  const [, holder] = claims.get(KEY.holder) as readonly [CborValue, Uint8Array];
  return { id: Buffer.from(claims.get(KEY.id) as Uint8Array).toString("hex"), holder };
}

/** Likewise, by approvals §3 and §4. */
function approve(spec: ApprovalSpec, made: CallSpec, chain: readonly Envelope[], now: number): Uint8Array {
  const { id, holder } = claimsOf(chain, spec.link);
  const { tool, args } = spec.call ?? made;
  const payload = encode(
    new Map<string, CborValue>([
      ["version", 1n],
      ["request_hash", Array.from(sha256(encode([`tnu_wrt_${id}`, tool, encode(args), holder])), BigInt)],
      ["nonce", Array<bigint>(16).fill(7n)],
      ["external_id", "somebody"],
      ["approved_at", BigInt(now + spec.approved)],
      ["expires_at", BigInt(now + spec.expires)],
    ]),
  );
  return encode(
    new Map<string, CborValue>([
      ["approval_version", 1n],
      ["payload", payload],
      ["approver_key", publicKey(spec.claimed ?? spec.key)],
      ["signature", [ALGORITHM, signMessage(KEYS[spec.key], approvalMessage(payload))]],
    ]),
  );
}

function proofText({ form }: ProofSpec, signature: Uint8Array): string | undefined {
  if (form === "none") return undefined;
  const bytes = Uint8Array.from(form === "short" ? signature.subarray(1) : signature);
  if (form === "flipped") bytes[40] = (bytes[40] ?? 0) ^ 4;
  return Buffer.from(bytes).toString("base64url");
}

function tamper(spec: CaseSpec, chain: readonly Envelope[]): Uint8Array {
  const { tampering } = spec;
  if (tampering === undefined) return encodeStack(chain);
  if ("cut" in tampering) return encodeStack(chain).slice(0, -tampering.cut);
  return encodeStack(rearranged(spec, tampering, chain));
}

function rearranged(
  spec: CaseSpec,
  tampering: Exclude<Tampering, { cut: number }>,
  chain: readonly Envelope[],
): readonly Envelope[] {
  if ("drop" in tampering) return chain.length > 1 ? chain.toSpliced(tampering.drop, 1) : chain;
  if ("swap" in tampering) return exchanged(chain, tampering.swap, (_, other) => other);
  if ("swapSignatures" in tampering) {
    return exchanged(chain, tampering.swapSignatures, (envelope, { signature }) => ({
      ...envelope,
      signature,
    }));
  }
  const { flip, link, bit, resign } = tampering;
  const envelope = chain[link];
  if (envelope === undefined) return chain;
  const flipped = { ...envelope, [flip]: flipBit(envelope[flip], bit) };
  const signer = spec.links[link]?.signer;
  const signature =
    resign && signer !== undefined
      ? signMessage(KEYS[signer], warrantMessage(flipped.payload))
      : flipped.signature;
  return chain.with(link, { ...flipped, signature });
}

function exchanged(
  chain: readonly Envelope[],
  [first, second]: readonly [number, number],
  merge: (envelope: Envelope, other: Envelope) => Envelope,
): readonly Envelope[] {
  const [a, b] = [chain[first], chain[second]];
  return a === undefined || b === undefined
    ? chain
    : chain.with(first, merge(a, b)).with(second, merge(b, a));
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = (bit >> 3) % copy.length;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function encodeStack(chain: readonly Envelope[]): Uint8Array {
  const envelopes = chain.map(({ payload, signature }): CborValue => [1n, payload, [ALGORITHM, signature]]);
  return encode(envelopes.length === 1 ? (envelopes[0] as CborValue) : envelopes);
}
