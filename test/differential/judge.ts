import type { Value } from "../../src/value.ts";
import type { Material } from "./mint.ts";
import { type CaseSpec, toJson } from "./spec.ts";

export interface Verdict {
  readonly allow: boolean;
  /** Why not, in the judge's own words; empty when allowed. */
  readonly detail: string;
}

/** What a judge is shown: the same request for each of them. */
export interface Case {
  readonly spec: CaseSpec;
  readonly material: Material;
}

export interface Judge {
  readonly name: JudgeName;
  judge(given: Case): Promise<Verdict>;
  stop(): Promise<void>;
}

/** The published SDK's `Authorizer`, and the published server. */
export type JudgeName = "0.3.3" | "0.3.5";

/** The headers of the request that it is judged by. */
export function headersOf({ warrant, proof, approvals }: Material): Readonly<Record<string, string>> {
  return {
    "x-tenuo-warrant": warrant,
    ...(proof === undefined ? {} : { "x-tenuo-pop": proof }),
    ...(approvals.length === 0 ? {} : { "x-tenuo-approvals": approvalsHeader(approvals) }),
  };
}

/** An array of what is encoded already; one alone is sent as it is. */
function approvalsHeader(approvals: readonly string[]): string {
  const bytes = approvals.map((approval) => Buffer.from(approval, "base64url"));
  const head = bytes.length === 1 ? [] : [Buffer.of(0x80 | bytes.length)];
  return Buffer.concat([...head, ...bytes]).toString("base64url");
}

/** The body of the request, in which `1` and `1.0` stay apart. */
export function bodyOf(args: ReadonlyMap<string, Value>): string {
  return toJson(args);
}
