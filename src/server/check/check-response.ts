import type { Allow, Decision, Deny } from "../../decision/decision.ts";
import { ANSWERS, CHAIN_FAULT_CODES, RPC_CODES } from "../../decision/reason.ts";
import { dashed } from "../../gateway/header.ts";
import type { HttpRequest } from "../../gateway/request.ts";
import { formatValue } from "../../value.ts";
import { cut, explain } from "../explain.ts";
import { verdictOf } from "../outcome.ts";
import type { AnswerSettings } from "../state/snapshot.ts";

/** Headers that speak for us to the upstream; a client's copy never gets through. */
export const RESULT_HEADERS = [
  "x-tenuo-warrant-id",
  "x-tenuo-tool",
  "x-tenuo-holder",
  "x-tenuo-root",
  "x-tenuo-chain-depth",
  "x-tenuo-request-id",
  "x-tenuo-warning",
  "x-tenuo-deny-reason",
] as const;
type ResultHeader = (typeof RESULT_HEADERS)[number];

const LONGEST_RESULT_HEADER = Math.max(...RESULT_HEADERS.map((name) => name.length));

function isResultHeader(name: string): boolean {
  return RESULT_HEADERS.includes(name as ResultHeader);
}

/** By name; each replaces what is there under its name. */
export type Headers = Readonly<Record<string, string>>;
/** By name; what is undefined isn't there. */
export type Metadata = Readonly<Record<string, string | number | undefined>>;

/** What a check is answered with: one of the two verdicts, and metadata for access logs and later filters. */
export type CheckResponse = { readonly metadata: Metadata } & (
  | { readonly verdict: "ok"; readonly ok: Ok }
  | { readonly verdict: "denied"; readonly denied: Denied }
);

export interface Ok {
  /** Set on the request to the upstream. */
  readonly headers: Headers;
  /** Removed from it. */
  readonly headersToRemove: readonly string[];
  /** Set on the response to the client. */
  readonly responseHeaders: Headers;
}

export interface Denied {
  /** A code of google.rpc, and what it means. */
  readonly code: number;
  readonly message: string;
  /** Of HTTP. */
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** The one place where an answer to Envoy is made. */
export function toCheckResponse(
  decision: Decision,
  requestId: string,
  request: HttpRequest,
  settings: AnswerSettings,
): CheckResponse {
  if (decision.allow) return allow(decision, requestId, request, settings);
  return verdictOf(decision) === "would_deny"
    ? letPass(decision, requestId, request, settings)
    : deny(decision, requestId, settings.debugMode);
}

function allow(
  decision: Allow,
  requestId: string,
  request: HttpRequest,
  settings: AnswerSettings,
): CheckResponse {
  const { tool, warrantId, holder, root, chainDepth } = decision;
  const set = {
    "x-tenuo-warrant-id": warrantId,
    "x-tenuo-tool": tool,
    "x-tenuo-holder": holder,
    "x-tenuo-root": root,
    "x-tenuo-chain-depth": String(chainDepth),
    "x-tenuo-request-id": requestId,
  };
  return { metadata: metadataOf(decision, requestId), verdict: "ok", ok: ok(request, settings, set) };
}

/** No unproven fact goes along: not in a header, and not in metadata that a later filter may believe. */
function letPass(
  decision: Deny,
  requestId: string,
  request: HttpRequest,
  settings: AnswerSettings,
): CheckResponse {
  const { reason, tool, mode } = decision;
  const warning = mode === "permissive" ? { "x-tenuo-warning": reason } : {};
  return {
    metadata: { request_id: requestId, decision: "would_deny", reason, tool, mode },
    verdict: "ok",
    ok: ok(request, settings, { "x-tenuo-request-id": requestId, ...warning }, warning),
  };
}

type ResultHeaders = Readonly<Partial<Record<ResultHeader, string>>>;

function ok(
  request: HttpRequest,
  { stripHeaders }: AnswerSettings,
  headers: ResultHeaders,
  responseHeaders: ResultHeaders = {},
): Ok {
  const headersToRemove = forgedHeaders(request, headers);
  headersToRemove.push(...stripHeaders);
  return { headers, headersToRemove, responseHeaders };
}

/** Result headers that aren't set, and every spelling of one that an upstream may read as it. */
function forgedHeaders(request: HttpRequest, set: ResultHeaders): string[] {
  const forged: string[] = RESULT_HEADERS.filter((name) => !(name in set));
  for (const name of request.headers.lines.keys()) {
    if (name.length <= LONGEST_RESULT_HEADER && /[_.]/.test(name) && isResultHeader(dashed(name)))
      forged.push(name);
  }
  return forged;
}

function deny(decision: Deny, requestId: string, debugMode: boolean): CheckResponse {
  const { reason } = decision;
  const { status, message } = ANSWERS[reason];
  const detail = debugMode ? explain(decision) : undefined;
  const headers: Record<string, string> = {
    "x-tenuo-deny-reason": detail === undefined ? reason : `${reason}: ${detail}`,
    "x-tenuo-request-id": requestId,
    "content-type": "application/json",
  };
  if (status === 401) headers["www-authenticate"] = "Tenuo";
  return {
    metadata: metadataOf(decision, requestId),
    verdict: "denied",
    denied: {
      code: RPC_CODES[status],
      message,
      status,
      headers,
      body: JSON.stringify(toBody(decision, requestId, detail)),
    },
  };
}

/** For access logs and later filters; in a denial, what the warrant claims. */
function metadataOf(decision: Decision, requestId: string): Metadata {
  const { tool, warrantId, holder, root, chainDepth, mode, sessionId, agentId } = decision;
  return {
    request_id: requestId,
    decision: decision.allow ? "allow" : "deny",
    reason: decision.allow ? undefined : decision.reason,
    tool,
    warrant_id: warrantId,
    holder,
    root,
    chain_depth: chainDepth,
    mode,
    session_id: cut(sessionId),
    agent_id: cut(agentId),
  };
}

function toBody(decision: Deny, requestId: string, detail: string | undefined): object {
  const { reason, chainFault, warrantId, tool, field, constraint, value, approval } = decision;
  const { error, code, message } = ANSWERS[reason];
  return {
    authorized: false,
    error: chainFault ?? error,
    error_code: chainFault === undefined ? code : CHAIN_FAULT_CODES[chainFault],
    reason,
    message: cut(approval?.message) ?? message,
    request_id: requestId,
    warrant_id: warrantId,
    tool,
    field: cut(field),
    constraint: cut(constraint),
    request_hash: approval?.requestHash,
    required_approvals: approval?.required,
    received_approvals: approval?.received,
    required_approvers: approval?.approvers,
    ...(detail === undefined
      ? {}
      : {
          value: value === undefined ? undefined : formatValue(value),
          detail,
        }),
  };
}

/** A fault of ours, whose cause is in the log. */
export function internalFault(mode: Deny["mode"]): Deny {
  return { allow: false, reason: "internal", mode, detail: "see the log of the authorizer" };
}

/** Where nothing else can be said. */
export function internalDenial(requestId: string): CheckResponse {
  return deny(internalFault("enforce"), requestId, false);
}
