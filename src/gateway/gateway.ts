import type { PublicKey } from "../crypto/ed25519.ts";
import type { Value } from "../value.ts";
import type { AllowedValues, ArgumentType } from "./argument-type.ts";
import type { BodyPath } from "./body-path.ts";
import type { GuardedHeaders } from "./header.ts";
import type { Pattern } from "./pattern.ts";
import type { QueryKeys } from "./query.ts";
import type { Router } from "./router.ts";
import type { Mode, Redactable } from "./schema.ts";

/** What the operator wants, compiled: nothing in it changes after loading. */
export interface Gateway {
  readonly version: 1 | 2;
  readonly settings: Settings;
  /** The three headers that carry credentials. */
  readonly ownHeaders: GuardedHeaders;
  readonly routes: RouteTable;
}

export interface Settings {
  /** Lower case, as are the next two. */
  readonly warrantHeader: string;
  readonly popHeader: string;
  readonly approvalHeader: string;
  /** Undefined when the file doesn't say. */
  readonly clockToleranceSeconds?: number;
  readonly trustedRoots: readonly PublicKey[];
  readonly debugMode: boolean;
  /** Undefined when the file doesn't say. */
  readonly mode?: Mode;
  readonly stripCredentials: boolean;
  readonly maxBodyBytes: number;
  readonly maxChainLength: number;
  readonly maxApprovals: number;
  readonly allowPathParameters: boolean;
  /** Lower-case media types beside JSON's own; `none` stands for a body without one. */
  readonly bodyMediaTypes: ReadonlySet<string>;
  /** Undefined when the file doesn't say. */
  readonly revocation?: RevocationSettings;
  readonly log: LogSettings;
}

export interface LogSettings {
  readonly redact: ReadonlySet<Redactable>;
  /** Part of the allows that are logged, from 0 to 1. */
  readonly sampleAllow: number;
}

export interface RevocationSettings {
  /** Where the signed list is, relative to the folder of gateway.yaml. */
  readonly file?: string;
  /** Keys that may sign it; undefined for every trusted root. */
  readonly signers?: readonly PublicKey[];
  readonly maxAgeSeconds?: number;
  readonly required: boolean;
}

export interface RouteTable {
  /** By lower-case host without port. */
  readonly byHost: ReadonlyMap<string, Router<Route>>;
  readonly anyHost: Router<Route>;
  /** In the order of the file; one for each pattern. */
  readonly all: readonly Route[];
  /** The arguments that the rules of its routes name, by tool. */
  readonly tools: ReadonlyMap<string, ReadonlySet<string>>;
  /** Every mode that some route sets for itself. */
  readonly modes: ReadonlySet<Mode>;
}

export interface Route {
  readonly tool: string;
  /** Lower case; undefined for any. */
  readonly host?: string;
  /** In capitals; the empty text for every method. */
  readonly methods: readonly string[];
  /** The least clearance a warrant needs for the tool. */
  readonly requiredClearance: number;
  readonly pattern: Pattern;
  readonly mode?: Mode;
  readonly allowUpgrade: boolean;
  /** Whether a parameter's value is decoded; if not, one with an escape is refused. */
  readonly decodesPath: boolean;
  readonly rules: readonly Rule[];
  /** Query keys, headers and body as the rules need them, so that each is read once. */
  readonly queryKeys: QueryKeys;
  readonly headers: GuardedHeaders;
  readonly readsBody: boolean;
}

/** How one argument is read. */
export interface Rule {
  readonly argument: string;
  readonly source: Source;
  readonly required: boolean;
  /** Taken when the value is missing; for a literal, the value. */
  readonly fallback?: Value;
  readonly type?: ArgumentType;
  readonly allowed?: AllowedValues;
}

export type Source =
  | { readonly from: "path"; readonly parameter: string }
  | { readonly from: "query"; readonly key: string }
  | { readonly from: "header"; readonly name: string }
  | { readonly from: "body"; readonly path: BodyPath }
  | { readonly from: "literal" }
  | { readonly from: "request"; readonly part: "path" | "method" };
