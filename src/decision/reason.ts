import type { GatewayReason } from "../gateway/refusal.ts";
import type { ChainFault, WarrantReason } from "../warrant/refusal.ts";

/** Every reason to deny; the same text in the header, the log, the metrics and the documents. */
export type Reason = GatewayReason | WarrantReason | "internal" | "overloaded";

/** Status of HTTP and of the CheckResponse (a code of google.rpc). */
interface Answer {
  readonly status: 400 | 401 | 403 | 404 | 413 | 503;
  /** Name of the error for clients. */
  readonly error: string;
  /** Number of the Tenuo error taxonomy (verification §10), where it has one. */
  readonly code?: number;
  /** One sentence that tells nothing a stranger may not know. */
  readonly message: string;
}

/** How each reason is answered. */
export const ANSWERS: Readonly<Record<Reason, Answer>> = {
  ambiguous_request: {
    status: 400,
    error: "ambiguous-request",
    message: "The request can be read in more than one way",
  },
  approval_required: {
    status: 403,
    error: "approval-required",
    code: 1707,
    message: "The call needs approval",
  },
  body_unreadable: { status: 400, error: "body-unreadable", message: "The request body can't be read" },
  chain_invalid: {
    status: 401,
    error: "chain-broken",
    code: 1405,
    message: "The warrant chain is not valid",
  },
  constraint_violation: {
    status: 403,
    error: "constraint-violation",
    code: 1501,
    message: "An argument is outside what the warrant allows",
  },
  extraction_failed: {
    status: 400,
    error: "extraction-failed",
    message: "An argument of the tool is missing or has the wrong form",
  },
  insufficient_approvals: {
    status: 403,
    error: "insufficient-approvals",
    code: 1700,
    message: "The call needs more approvals",
  },
  insufficient_clearance: {
    status: 403,
    error: "tool-not-authorized",
    code: 1500,
    message: "The tool needs a higher clearance",
  },
  internal: { status: 503, error: "internal", message: "The authorizer failed; the request was not decided" },
  invalid_approval: {
    status: 403,
    error: "approval-invalid",
    code: 1701,
    message: "An approval is not valid",
  },
  invalid_pop: {
    status: 401,
    error: "signature-invalid",
    code: 1100,
    message: "The proof of possession does not verify",
  },
  invalid_warrant: { status: 401, error: "invalid-warrant", code: 1200, message: "The warrant is not valid" },
  missing_pop: {
    status: 401,
    error: "missing-pop",
    code: 1600,
    message: "The proof of possession is missing",
  },
  missing_warrant: { status: 401, error: "missing-warrant", message: "The request carries no warrant" },
  no_route: { status: 404, error: "no-route", message: "No route matches the request" },
  overloaded: {
    status: 503,
    error: "overloaded",
    message: "The authorizer has more requests than it can judge in time",
  },
  pop_expired: {
    status: 401,
    error: "pop-expired",
    code: 1601,
    message: "The proof of possession was made for another time",
  },
  request_too_large: {
    status: 413,
    error: "request-too-large",
    message: "The request is too large to be judged",
  },
  revocation_unavailable: {
    status: 503,
    error: "revocation-unavailable",
    message: "Whether the warrant is revoked can't be told now",
  },
  tool_not_in_warrant: {
    status: 403,
    error: "tool-not-authorized",
    code: 1500,
    message: "The warrant does not grant the tool",
  },
  unknown_constraint: {
    status: 403,
    error: "unknown-constraint-type",
    code: 1504,
    message: "The warrant has a constraint of an unknown kind",
  },
  untrusted_root: {
    status: 401,
    error: "untrusted-root",
    code: 1406,
    message: "The warrant does not come from a trusted root",
  },
  warrant_expired: { status: 401, error: "warrant-expired", code: 1300, message: "The warrant has expired" },
  warrant_not_yet_valid: {
    status: 401,
    error: "issued-in-future",
    code: 1302,
    message: "The warrant was issued in the future",
  },
  warrant_revoked: {
    status: 401,
    error: "warrant-revoked",
    code: 1800,
    message: "The warrant has been revoked",
  },
  wrong_warrant_type: {
    status: 403,
    error: "invalid-payload-structure",
    code: 1201,
    message: "An issuer warrant cannot be used for a call",
  },
};

/** Names and numbers of the faults behind `chain_invalid`. */
export const CHAIN_FAULT_CODES: Readonly<Record<ChainFault, number>> = {
  "chain-broken": 1405,
  "invalid-attenuation": 1502,
  "capability-expansion": 1503,
  "invalid-issuer": 1400,
};

/** Codes of google.rpc.Code that a CheckResponse carries, by HTTP status; never 0, which Envoy takes for an allow. */
export const RPC_CODES: Readonly<Record<Answer["status"], number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  413: 7,
  503: 14,
};
