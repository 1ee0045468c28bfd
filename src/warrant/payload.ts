import { type CborMap, type CborValue, isArray, isBytes } from "../cbor/value.ts";
import { PUBLIC_KEY_BYTES, type PublicKey, publicKeyFromBytes } from "../crypto/ed25519.ts";
import type { Steps } from "../steps.ts";
import { APPROVAL_GATES, parseGateMap } from "./approval/gate.ts";
import type { Room } from "./constraint/index.ts";
import { type ConstraintSet, parseConstraintSet } from "./constraint-set.ts";
import * as limits from "./limits.ts";
import { asArray, asBytes, asMap, asText, asUnsigned, Malformed } from "./malformed.ts";
import { approverKeys, WARRANT_ID_BYTES, type Warrant } from "./warrant.ts";

/** Keys of the payload map (wire format §5). */
export const KEY = {
  version: 0n,
  id: 1n,
  type: 2n,
  tools: 3n,
  holder: 4n,
  issuer: 5n,
  issuedAt: 6n,
  expiresAt: 7n,
  maxDepth: 8n,
  parentHash: 9n,
  extensions: 10n,
  issuableTools: 11n,
  maxIssueDepth: 13n,
  constraintBounds: 14n,
  requiredApprovers: 15n,
  minApprovals: 16n,
  clearance: 17n,
  depth: 18n,
} as const;

const KNOWN_KEYS: ReadonlySet<unknown> = new Set(Object.values(KEY));
const REQUIRED_KEYS = [
  KEY.version,
  KEY.id,
  KEY.type,
  KEY.tools,
  KEY.holder,
  KEY.issuer,
  KEY.issuedAt,
  KEY.expiresAt,
  KEY.maxDepth,
];

export const PAYLOAD_VERSION = 1n;
/** The one signature algorithm of the format: Ed25519. */
export const ALGORITHM = 1n;
const U8_MAX = 255;
const U32_MAX = 2 ** 32 - 1;
const HASH_BYTES = 32;
/** Raw UTF-8, and not counted among the extensions. */
const SESSION_ID = "tenuo.session_id";
const AGENT_ID = "tenuo.agent_id";

type Fields = Omit<Warrant, "payload" | "payloadHash" | "signature">;

/**
 * Reads the decoded payload of a warrant and holds it against every rule that needs neither a key nor a clock.
 *
 * @param room for its constraints
 * @throws {Malformed} with the first rule it breaks.
 */
export function* parsePayload(value: CborValue, room: Room): Steps<Fields> {
  const map = asMap(value, "the payload");
  for (const key of map.keys())
    if (!KNOWN_KEYS.has(key)) throw new Malformed(`the payload has the unknown key ${key}`);
  for (const key of REQUIRED_KEYS) if (!map.has(key)) throw new Malformed(`the payload has no key ${key}`);
  if (map.get(KEY.version) !== PAYLOAD_VERSION) throw new Malformed("the payload version isn't 1");

  const extensions = map.has(KEY.extensions) ? parseExtensions(map.get(KEY.extensions)) : new Map();
  const gates = parseGateMap(extensions.get(APPROVAL_GATES), room);
  yield;
  const tools = yield* parseTools(map.get(KEY.tools), room);
  const bounds =
    map.has(KEY.constraintBounds) && (yield* parseConstraintSet(map.get(KEY.constraintBounds), room));
  yield;
  const fields: Fields = {
    id: hex(asBytes(map.get(KEY.id), WARRANT_ID_BYTES, "the id")),
    type: asUnsigned(map.get(KEY.type), 1, "the type") === 0 ? "execution" : "issuer",
    tools,
    holder: parsePublicKey(map.get(KEY.holder), "the holder"),
    issuer: parsePublicKey(map.get(KEY.issuer), "the issuer"),
    issuedAt: asUnsigned(map.get(KEY.issuedAt), limits.MAX_TIMESTAMP, "issued_at"),
    expiresAt: asUnsigned(map.get(KEY.expiresAt), limits.MAX_TIMESTAMP, "expires_at"),
    maxDepth: asUnsigned(map.get(KEY.maxDepth), limits.MAX_DEPTH, "max_depth"),
    depth: map.has(KEY.depth) ? asUnsigned(map.get(KEY.depth), U32_MAX, "depth") : 0,
    extensions,
    ...optionalText(extensions, SESSION_ID, "sessionId"),
    ...optionalText(extensions, AGENT_ID, "agentId"),
    ...(gates !== undefined && { gates }),
    issuableTools: map.has(KEY.issuableTools) ? parseIssuableTools(map.get(KEY.issuableTools)) : new Set(),
    requiredApprovers: map.has(KEY.requiredApprovers) ? parseApprovers(map.get(KEY.requiredApprovers)) : [],
    ...optional(map, KEY.parentHash, "parentHash", parseParentHash),
    ...optional(map, KEY.maxIssueDepth, "maxIssueDepth", (v) => asUnsigned(v, U32_MAX, "max_issue_depth")),
    ...(bounds && { constraintBounds: bounds }),
    ...optional(map, KEY.minApprovals, "minApprovals", (v) => asUnsigned(v, U32_MAX, "min_approvals")),
    ...optional(map, KEY.clearance, "clearance", (v) => asUnsigned(v, U8_MAX, "clearance")),
  };
  checkTimes(fields);
  checkType(fields, map);
  checkApprovers(fields, map);
  return fields;
}

/** `[1, bytes(32)]` */
export function parsePublicKey(value: CborValue, what: string): PublicKey {
  const key = publicKeyFromBytes(parseAlgorithmPair(value, PUBLIC_KEY_BYTES, what));
  if (key === undefined) throw new Malformed(`${what} is a weak or non-canonical public key`);
  return key;
}

/** `[1, bytes]`, the form of keys and signatures. */
export function parseAlgorithmPair(value: CborValue, length: number, what: string): Uint8Array {
  const pair = asArray(value, what);
  if (pair.length !== 2 || pair[0] !== ALGORITHM) throw new Malformed(`${what} isn't an Ed25519 pair`);
  return asBytes(pair[1], length, what);
}

function optional<K extends keyof Fields>(
  map: CborMap,
  key: bigint,
  name: K,
  parse: (value: CborValue) => NonNullable<Fields[K]>,
): { readonly [P in K]?: NonNullable<Fields[K]> } {
  return (map.has(key) ? { [name]: parse(map.get(key)) } : {}) as {
    readonly [P in K]?: NonNullable<Fields[K]>;
  };
}

function* parseTools(value: CborValue, room: Room): Steps<ReadonlyMap<string, ConstraintSet>> {
  const map = asMap(value, "tools");
  if (map.size > limits.MAX_TOOLS) throw new Malformed(`tools has more than ${limits.MAX_TOOLS} entries`);
  const tools = new Map<string, ConstraintSet>();
  for (const [name, set] of map) tools.set(parseToolName(name), yield* parseConstraintSet(set, room));
  return tools;
}

function parseToolName(value: CborValue): string {
  const name = asText(value, "a tool name");
  if (name === "") throw new Malformed("a tool name is empty");
  if (name.startsWith(limits.RESERVED_TOOL_PREFIX)) {
    throw new Malformed(`a tool name starts with \`${limits.RESERVED_TOOL_PREFIX}\``);
  }
  return name;
}

function parseIssuableTools(value: CborValue): ReadonlySet<string> {
  const names = asArray(value, "issuable_tools").map(parseToolName);
  if (names.length === 0 || names.length > limits.MAX_ISSUABLE_TOOLS) {
    throw new Malformed(`issuable_tools doesn't have 1 to ${limits.MAX_ISSUABLE_TOOLS} entries`);
  }
  return new Set(names);
}

function parseApprovers(value: CborValue): readonly PublicKey[] {
  const keys = asArray(value, "required_approvers");
  if (keys.length > limits.MAX_APPROVERS) {
    throw new Malformed(`required_approvers has more than ${limits.MAX_APPROVERS} keys`);
  }
  return keys.map((key) => parsePublicKey(key, "a required approver"));
}

function parseParentHash(value: CborValue): Uint8Array {
  return asBytes(parseByteList(value, HASH_BYTES, "parent_hash"), HASH_BYTES, "parent_hash");
}

/** Encoders write these bytes as an array of integers, the format's document as a byte string; both are read. */
export function parseByteList(value: CborValue, maxLength: number, what: string): Uint8Array {
  if (!(isArray(value) || isBytes(value)) || value.length > maxLength)
    throw new Malformed(`${what} isn't up to ${maxLength} bytes`);
  return isBytes(value) ? value : toBytes(value, what);
}

/** There may be thousands, so each is looked at with the least there is. */
function toBytes(items: readonly CborValue[], what: string): Uint8Array {
  const bytes = new Uint8Array(items.length);
  for (const [i, item] of items.entries()) {
    if (typeof item !== "bigint" || item < 0n || item > 255n) throw new Malformed(`${what} isn't bytes`);
    bytes[i] = Number(item);
  }
  return bytes;
}

function parseExtensions(value: CborValue): ReadonlyMap<string, Uint8Array> {
  const map = asMap(value, "extensions");
  const counted = map.size - [SESSION_ID, AGENT_ID].filter((name) => map.has(name)).length;
  if (counted > limits.MAX_EXTENSIONS)
    throw new Malformed(`extensions has more than ${limits.MAX_EXTENSIONS} keys`);
  const extensions = new Map<string, Uint8Array>();
  for (const [key, bytes] of map) {
    const name = asText(key, "an extension key");
    if (Buffer.byteLength(name) > limits.MAX_EXTENSION_KEY_BYTES)
      throw new Malformed("an extension key is too long");
    extensions.set(name, parseByteList(bytes, limits.MAX_EXTENSION_VALUE_BYTES, `the extension \`${name}\``));
  }
  return extensions;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function optionalText<K extends "sessionId" | "agentId">(
  extensions: ReadonlyMap<string, Uint8Array>,
  key: string,
  name: K,
): { readonly [P in K]?: string } {
  const bytes = extensions.get(key);
  try {
    return (bytes === undefined ? {} : { [name]: utf8.decode(bytes) }) as { readonly [P in K]?: string };
  } catch {
    throw new Malformed(`the extension \`${key}\` isn't UTF-8`);
  }
}

function checkTimes(fields: Fields): void {
  if (fields.expiresAt <= fields.issuedAt) throw new Malformed("expires_at isn't after issued_at");
  if (fields.expiresAt - fields.issuedAt > limits.MAX_LIFETIME_SECONDS) {
    throw new Malformed("the lifetime is longer than 90 days");
  }
}

function checkType(fields: Fields, map: CborMap): void {
  if (fields.type === "execution") {
    for (const key of [KEY.issuableTools, KEY.maxIssueDepth, KEY.constraintBounds]) {
      if (map.has(key)) throw new Malformed(`an execution warrant has the issuer's key ${key}`);
    }
    return;
  }
  if (fields.tools.size > 0) throw new Malformed("an issuer warrant has tools of its own");
  if (fields.issuableTools.size === 0) throw new Malformed("an issuer warrant has no issuable_tools");
  if (fields.maxIssueDepth !== undefined && fields.maxIssueDepth > fields.maxDepth) {
    throw new Malformed("max_issue_depth is beyond max_depth");
  }
}

function checkApprovers(fields: Fields, map: CborMap): void {
  if (!map.has(KEY.requiredApprovers) || fields.minApprovals === undefined) return;
  const distinct = approverKeys(fields).size;
  if (fields.minApprovals < 1 || fields.minApprovals > distinct) {
    throw new Malformed("min_approvals isn't between 1 and the number of approvers");
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
