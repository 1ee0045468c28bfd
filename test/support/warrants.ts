import { generateSigningKey, type SigningKey } from "../../src/crypto/ed25519.ts";

export type ConstraintText =
  | { readonly exact: string }
  | { readonly oneOf: readonly string[] }
  | { readonly pattern: string }
  /** Both ends inside. */
  | { readonly range: readonly [min: number, max: number] }
  | { readonly wildcard: true };

/** Tool to argument to constraint. */
export type Tools = Readonly<Record<string, Readonly<Record<string, ConstraintText>>>>;

export interface Grant {
  readonly holder: SigningKey;
  readonly tools: Tools;
  /** Seconds; 60 by default. */
  readonly ttl?: number;
  /** Of every call of one tool. */
  readonly approval?: {
    readonly tool: string;
    readonly message: string;
    readonly approvers: readonly SigningKey[];
    readonly min: number;
  };
}

export interface Call {
  readonly tool: string;
  /** Whole numbers are integers, as a JSON body and a converted text give them. */
  readonly args: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Something that makes warrants and proofs, as header texts. There are two, so that every end-to-end case runs with
 * the published SDK's and with our own.
 */
export interface Issuer {
  readonly name: string;
  mint(root: SigningKey, grant: Grant): Promise<string>;
  /** A stack: the given warrant or stack with one more link. */
  delegate(parent: string, holder: SigningKey, grant: Grant): Promise<string>;
  /** The last warrant of a stack, alone. */
  leaf(warrant: string): Promise<string>;
  /** `tnu_wrt_…` of the last warrant. */
  identifier(warrant: string): Promise<string>;
  /** @param time Unix seconds; now by default. */
  proof(warrant: string, holder: SigningKey, call: Call, time?: number): Promise<string>;
  /** One approval of the call with this hash (64 hex digits), as the bytes of an approvals header in base64url. */
  approve(approver: SigningKey, requestHash: string): Promise<string>;
  stop(): Promise<void>;
}

export function newKey(): SigningKey {
  return generateSigningKey();
}

export { unixNow } from "../../src/server/unix-now.ts";
