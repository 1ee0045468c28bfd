import type { Allow } from "../../decision/decision.ts";
import { ANSWERS, type Reason } from "../../decision/reason.ts";
import type { Gateway, Source } from "../../gateway/gateway.ts";
import { matchRoute } from "../../gateway/match.ts";
import { isRefusal } from "../../gateway/refusal.ts";
import type { Redactable } from "../../gateway/schema.ts";
import type { Outcome } from "../outcome.ts";
import type { DecisionLine } from "./log-fields.ts";

const REDACTED = "[redacted]";

/** Fields that the detail of a reason may quote; beside them it holds ids, numbers, and names the operator chose. */
const QUOTED: Readonly<Record<Reason, readonly Redactable[]>> = {
  ambiguous_request: [],
  approval_required: [],
  body_unreadable: [],
  chain_invalid: ["expected"],
  constraint_violation: ["actual", "expected"],
  // The names a body has may be what nobody shall see.
  extraction_failed: ["actual"],
  insufficient_approvals: [],
  insufficient_clearance: [],
  internal: [],
  invalid_approval: [],
  invalid_pop: [],
  invalid_warrant: [],
  missing_pop: [],
  missing_warrant: [],
  no_route: ["actual", "path"],
  overloaded: [],
  pop_expired: [],
  request_too_large: [],
  revocation_unavailable: [],
  tool_not_in_warrant: [],
  unknown_constraint: ["actual", "expected"],
  untrusted_root: [],
  warrant_expired: [],
  warrant_not_yet_valid: [],
  warrant_revoked: [],
  wrong_warrant_type: [],
};

/** Headers that a line tells of, by lower-case name: a rule may read an argument from one. */
const SHOWN_HEADERS: Readonly<Record<string, keyof DecisionLine>> = {
  "content-encoding": "detail",
  "content-length": "detail",
  "content-type": "detail",
  host: "host",
  traceparent: "trace_id",
  "x-request-id": "envoy_request_id",
};

/** Takes out of a line of this outcome what the settings name, and whatever else in it tells the same. */
export function redact(line: DecisionLine, { decision, request }: Outcome, gateway: Gateway): void {
  const fields = gateway.settings.log.redact;
  if (fields.size === 0) return;
  const hidden = new Set<keyof DecisionLine | "external_id">(fields);
  // A tool is known only of requests that have a route.
  const match = decision.tool === undefined ? undefined : matchRoute(gateway, request);
  const route = match === undefined || isRefusal(match) ? undefined : match.route;
  const fault = decision.allow ? undefined : decision.field;
  for (const { argument, source } of route?.rules ?? []) {
    const shown = shownAs(source);
    if (shown === undefined) continue;
    if (fields.has("actual")) hidden.add(shown);
    else if (argument === fault && hidden.has(shown)) hidden.add("actual");
  }
  // What has no route may have a mistake in front of an argument.
  if (fields.has("actual") && route === undefined) hidden.add("path");

  for (const field of hidden) {
    if (field !== "external_id" && line[field] !== undefined) line[field] = REDACTED;
  }
  // The operator's own words tell where the request went, but no argument.
  if (route !== undefined && !fields.has("path") && hidden.has("path")) line.path = route.pattern.text;
  if (decision.allow) {
    if (fields.has("external_id") && decision.approvals.length > 0) line.approvals = approvers(decision);
  } else if (hidden.has("detail") || QUOTED[decision.reason].some((field) => hidden.has(field))) {
    line.detail = ANSWERS[decision.reason].message;
  }
}

/** The field that shows what a rule reads, in full or in part, beside `actual`. */
function shownAs(source: Source): keyof DecisionLine | undefined {
  if (source.from === "path") return "path";
  if (source.from === "request" && source.part === "path") return "path";
  return source.from === "header" ? SHOWN_HEADERS[source.name] : undefined;
}

function approvers({ approvals }: Allow): readonly object[] {
  return approvals.map(({ approver }) => ({ approver, external_id: REDACTED }));
}
