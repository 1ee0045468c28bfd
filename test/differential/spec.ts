import type { Value } from "../../src/value.ts";

/** One constraint, in words that both our encoder and the SDK's constructors understand. */
export type ConstraintSpec =
  | { readonly exact: Value }
  | { readonly pattern: string }
  | { readonly range: RangeSpec }
  | { readonly oneOf: readonly Value[] }
  | { readonly regex: string }
  | { readonly notOneOf: readonly Value[] }
  | { readonly cidr: string }
  | { readonly urlPattern: string }
  | { readonly contains: readonly Value[] }
  | { readonly subset: readonly Value[] }
  | { readonly all: readonly ConstraintSpec[] }
  | { readonly any: readonly ConstraintSpec[] }
  | { readonly not: ConstraintSpec }
  | { readonly cel: string }
  | { readonly wildcard: true }
  | { readonly subpath: SubpathSpec }
  | { readonly urlSafe: UrlSafeSpec }
  | { readonly shlex: readonly string[] }
  | { readonly unknown: { readonly type: number; readonly value: Value } };

export type Kind = ConstraintSpec extends infer Each ? (Each extends Each ? keyof Each : never) : never;

export interface RangeSpec {
  readonly min?: number;
  readonly max?: number;
  /** Both true unless said. */
  readonly minInclusive?: boolean;
  readonly maxInclusive?: boolean;
}

export interface SubpathSpec {
  readonly root: string;
  readonly caseSensitive: boolean;
  readonly allowEqual: boolean;
}

/** Absent members have the defaults of the wire format. */
export interface UrlSafeSpec {
  readonly schemes?: readonly string[];
  readonly allow_domains?: readonly string[];
  readonly deny_domains?: readonly string[];
  readonly allow_ports?: readonly number[];
  readonly block_private?: boolean;
  readonly block_loopback?: boolean;
  readonly block_metadata?: boolean;
  readonly block_reserved?: boolean;
  readonly block_internal_tlds?: boolean;
}

export interface SetSpec {
  readonly constraints: Readonly<Record<string, ConstraintSpec>>;
  readonly allowUnknown?: boolean;
}

/** `root` and `root2` are trusted, `stranger` isn't; the letters are holders, the others approvers. */
export const KEY_NAMES = [
  "root",
  "root2",
  "stranger",
  "a",
  "b",
  "c",
  "d",
  "e",
  "f",
  "approver1",
  "approver2",
  "approver3",
] as const;
export type KeyName = (typeof KEY_NAMES)[number];

/** One warrant of the chain. Times are seconds from the moment of minting. */
export interface LinkSpec {
  readonly type: "execution" | "issuer";
  readonly signer: KeyName;
  readonly holder: KeyName;
  readonly tools: Readonly<Record<string, SetSpec>>;
  readonly issuableTools?: readonly string[];
  readonly bounds?: SetSpec;
  readonly maxIssueDepth?: number;
  readonly issued: number;
  readonly expires: number;
  readonly maxDepth: number;
  readonly depth: number;
  /** Whether it names its parent. */
  readonly parent: "right" | "wrong" | "none";
  readonly clearance?: number;
  readonly session?: string;
  readonly agent?: string;
  readonly approvers?: readonly KeyName[];
  readonly minApprovals?: number;
  readonly gates?: Readonly<Record<string, GateSpec>>;
  /** Its id is on the revocation list. */
  readonly revoked?: boolean;
  /** It has the id of this other link. */
  readonly sameIdAs?: number;
}

/** Null gates the whole tool. */
export type GateSpec = Readonly<Record<string, ArgumentGateSpec>> | null;
export type ArgumentGateSpec =
  | "all"
  | { readonly matches: ConstraintSpec }
  | { readonly exempt: ConstraintSpec };

export interface CallSpec {
  readonly tool: string;
  readonly args: ReadonlyMap<string, Value>;
}

/** Who signs the proof, over what, how many seconds from now. */
export interface ProofSpec extends CallSpec {
  readonly key: KeyName;
  readonly time: number;
  /** Of the leaf, unless another link is meant. */
  readonly link?: number;
  readonly form: "right" | "flipped" | "short" | "none";
}

export interface ApprovalSpec {
  readonly key: KeyName;
  /** The key it is said to come from; `key` unless it lies. */
  readonly claimed?: KeyName;
  readonly approved: number;
  readonly expires: number;
  /** What it approves, unless it is the call that is made. */
  readonly call?: CallSpec;
  /** The warrant it is for; the leaf unless said. */
  readonly link?: number;
}

/** What is done to the bytes after everything was signed. */
export type Tampering =
  | {
      readonly flip: "payload" | "signature";
      readonly link: number;
      readonly bit: number;
      readonly resign: boolean;
    }
  | { readonly drop: number }
  | { readonly swap: readonly [number, number] }
  | { readonly swapSignatures: readonly [number, number] }
  | { readonly cut: number };

/** Everything a case is made from. Plain data: with `now` it gives the same bytes again, but for ids of the SDK's. */
export interface CaseSpec {
  readonly seed: number;
  readonly index: number;
  /** `sdk`: by the SDK's own builders as far as they go along, the rest by hand. */
  readonly minter: "sdk" | "hand";
  readonly links: readonly LinkSpec[];
  readonly call: CallSpec;
  readonly proof: ProofSpec;
  readonly approvals: readonly ApprovalSpec[];
  readonly tampering?: Tampering;
}

/** JSON that keeps `1` and `1.0` of arguments and constraints apart: a bigint is an integer, a number a float. */
export function toJson(data: unknown): string {
  return JSON.stringify(data, (name, member: unknown) => {
    if (typeof member === "bigint") return rawJson(String(member));
    if (typeof member === "number") return WHOLE_NUMBERS.has(name) ? member : rawJson(floatText(member));
    return member instanceof Map ? Object.fromEntries(member) : member;
  });
}

/** Members of a case that aren't arguments, and so need no point to be told from integers. */
const WHOLE_NUMBERS: ReadonlySet<string> = new Set([
  ...[
    "seed",
    "index",
    "issued",
    "expires",
    "maxDepth",
    "depth",
    "clearance",
    "maxIssueDepth",
    "minApprovals",
  ],
  ...["sameIdAs", "time", "link", "approved", "bit", "drop", "cut", "type", "deploy"],
]);

function floatText(number: number): string {
  if (Object.is(number, -0)) return "-0.0";
  const text = String(number);
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}

/** Not yet in TypeScript's library (ES2026). */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
