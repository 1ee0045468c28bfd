import { createHash } from "node:crypto";
import { CborError, decode } from "../cbor/decode.ts";
import type { CborValue } from "../cbor/value.ts";
import { PUBLIC_KEY_BYTES, publicKeyFromBytes, SIGNATURE_BYTES, verifySignature } from "../crypto/ed25519.ts";
import { MAX_REVOCATION_LIST_BYTES } from "./limits.ts";
import { asArray, asMap, asText, Malformed } from "./malformed.ts";
import { type PackedIds, packIds, unpackIds } from "./packed-ids.ts";
import { parseAlgorithmPair } from "./payload.ts";
import { revocationListMessage } from "./signed-message.ts";

/** Which warrants are revoked, signed by someone who may say so. */
export interface RevocationList {
  /** A u64; a later list has a higher one. */
  readonly version: bigint;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Hex of the key that signed it. */
  readonly issuer: string;
  readonly ids: PackedIds;
  /** Hex of a SHA-256 over version and ids; see {@link mayReplace}. */
  readonly contentHash: string;
}

/** What is remembered of an accepted list, to hold the next one against. */
export type ListVersion = Pick<RevocationList, "version" | "contentHash">;

/** Why a list can't be used, to follow the name of its file. */
export interface UnusableList {
  readonly unusable: string;
}

export interface ListTerms {
  /** Hex of the keys that may sign a list. */
  readonly signers: ReadonlySet<string>;
  /** Unix seconds. */
  readonly now: number;
  readonly clockToleranceSeconds: number;
}

/**
 * Reads a signed revocation list (revocation §1). The signature comes first: whatever else could be wrong with the
 * bytes is only looked at when a signer made them. Never throws.
 */
export function parseRevocationList(
  bytes: Uint8Array,
  { signers, now, clockToleranceSeconds }: ListTerms,
): RevocationList | UnusableList {
  if (bytes.length > MAX_REVOCATION_LIST_BYTES)
    return unusable(`is larger than ${MAX_REVOCATION_LIST_BYTES} bytes`);
  const frame = openFrame(bytes);
  if (frame === undefined)
    return unusable("isn't a signed revocation list in its canonical form, or it was cut");
  const issuer = publicKeyFromBytes(frame.issuer);
  if (issuer === undefined || !signers.has(issuer.hex)) {
    return unusable(`is signed by ${hex(frame.issuer)}, and may be signed by ${[...signers].join(" or ")}`);
  }
  if (!verifySignature(issuer, revocationListMessage(frame.payload), frame.signature)) {
    return unusable(`has a signature that isn't by ${issuer.hex}, whom it names as its issuer`);
  }
  try {
    const list = { ...readPayload(decode(frame.payload)), issuer: issuer.hex };
    if (list.issuedAt > now + clockToleranceSeconds) {
      const issuedAt = new Date(list.issuedAt * 1000).toISOString();
      return unusable(`was signed in the future, at ${issuedAt}; check the clocks`);
    }
    return Object.freeze({ ...list, contentHash: contentHashOf(list) });
  } catch (error) {
    if (error instanceof CborError || error instanceof Malformed)
      return unusable(`is malformed: ${error.message}`);
    throw error;
  }
}

export function isUsable(list: RevocationList | UnusableList): list is RevocationList {
  return !("unusable" in list);
}

/**
 * Whether a list may come after another (revocation §4): a higher version may say anything, the same one only the
 * same. Who signed them, and when, doesn't matter.
 */
export function mayReplace(previous: ListVersion, next: ListVersion): boolean {
  if (next.version === previous.version) return next.contentHash === previous.contentHash;
  return next.version > previous.version;
}

// {"payload": {…, "issuer": [1, bytes(32)]}, "signature": [1, bytes(64)]}: only the middle varies in length.
const PAYLOAD_HEAD = Buffer.from("\xa2\x67payload", "latin1");
const ISSUER_HEAD = Buffer.from("\x66issuer\x82\x01\x58\x20", "latin1");
const SIGNATURE_HEAD = Buffer.from("\x69signature\x82\x01\x58\x40", "latin1");

interface Frame {
  readonly payload: Uint8Array;
  readonly issuer: Uint8Array;
  readonly signature: Uint8Array;
}

function openFrame(bytes: Uint8Array): Frame | undefined {
  const signatureAt = bytes.length - SIGNATURE_BYTES;
  const payloadEnd = signatureAt - SIGNATURE_HEAD.length;
  const issuerAt = payloadEnd - PUBLIC_KEY_BYTES;
  const isFramed =
    issuerAt - ISSUER_HEAD.length >= PAYLOAD_HEAD.length &&
    PAYLOAD_HEAD.equals(bytes.subarray(0, PAYLOAD_HEAD.length)) &&
    ISSUER_HEAD.equals(bytes.subarray(issuerAt - ISSUER_HEAD.length, issuerAt)) &&
    SIGNATURE_HEAD.equals(bytes.subarray(payloadEnd, signatureAt));
  if (!isFramed) return undefined;
  return {
    payload: bytes.subarray(PAYLOAD_HEAD.length, payloadEnd),
    issuer: bytes.subarray(issuerAt, payloadEnd),
    signature: bytes.subarray(signatureAt),
  };
}

const MEMBERS = ["revoked_ids", "version", "issued_at", "issuer"];

function readPayload(value: CborValue): Pick<RevocationList, "ids" | "version" | "issuedAt"> {
  const payload = asMap(value, "the payload");
  const names = [...payload.keys()];
  if (names.length !== MEMBERS.length || MEMBERS.some((name, i) => names[i] !== name)) {
    throw new Malformed(`the payload doesn't have the members ${MEMBERS.join(", ")} in this order`);
  }
  // Its bytes are those of the frame, as nothing can follow it.
  parseAlgorithmPair(payload.get("issuer"), PUBLIC_KEY_BYTES, "issuer");
  return {
    ids: packIds(asArray(payload.get("revoked_ids"), "revoked_ids").map(readId)),
    version: readVersion(payload.get("version")),
    issuedAt: readTime(asText(payload.get("issued_at"), "issued_at")),
  };
}

const CANONICAL_ID = /^tnu_wrt_[0-9a-f]{32}$/;
/** Other spellings that can mean only one warrant; unread, they would revoke nothing and nobody would know. */
const SPELLED_ID =
  /^(?:tnu_wrt_)?([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})$/;
const PREFIX_LENGTH = "tnu_wrt_".length;

function readId(value: CborValue, index: number): string {
  const text = asText(value, `entry ${index + 1} of revoked_ids`);
  if (CANONICAL_ID.test(text)) return text.slice(PREFIX_LENGTH);
  const [, a, , b, c, d, e] = SPELLED_ID.exec(text.trim().toLowerCase()) ?? [];
  if (a === undefined) throw new Malformed(`entry ${index + 1} of revoked_ids isn't a warrant id`);
  return `${a}${b}${c}${d}${e}`;
}

function readVersion(value: CborValue): bigint {
  if (typeof value !== "bigint" || value < 0n) throw new Malformed("version isn't an unsigned integer");
  return value;
}

/** RFC 3339 in UTC, with the fewest groups of three digits that hold the fraction. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?:\d{3}){0,2}(?!000)\d{3})?Z$/;

function readTime(text: string): number {
  const [, toTheSecond] = TIME.exec(text) ?? [];
  const milliseconds = Date.parse(`${toTheSecond}Z`);
  // A date that isn't in the calendar is either NaN or moved to another day.
  const isReal =
    !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString() === `${toTheSecond}.000Z`;
  if (!isReal)
    throw new Malformed("issued_at isn't a time in its canonical form, such as 2024-01-01T00:05:00Z");
  return milliseconds / 1000;
}

/** Hash of the reference's floor file (revocation §4), over the set of ids. */
function contentHashOf({ version, ids }: Pick<RevocationList, "version" | "ids">): string {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(version);
  const hash = createHash("sha256").update(head);
  const texts = unpackIds(ids).map((id) => `tnu_wrt_${id}\0`);
  return hash.update(texts.join("")).digest("hex");
}

function unusable(why: string): UnusableList {
  return { unusable: why };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
