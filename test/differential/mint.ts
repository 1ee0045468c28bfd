import { decode } from "../../src/cbor/decode.ts";
import { encode } from "../../src/cbor/encode.ts";
import type { CborKey, CborValue } from "../../src/cbor/value.ts";
import { signMessage } from "../../src/crypto/ed25519.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { compareText } from "../../src/text-order.ts";
import { ALGORITHM, KEY } from "../../src/warrant/payload.ts";
import { approvalMessage, proofMessage, warrantMessage } from "../../src/warrant/signed-message.ts";
import { KEYS } from "./keys.ts";
import type { ApprovalSpec, CallSpec, CaseSpec, KeyName, LinkSpec, ProofSpec } from "./spec.ts";
import { type Envelope, tamper } from "./tamper.ts";
import { gatesToCbor, setToCbor } from "./to-cbor.ts";

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
