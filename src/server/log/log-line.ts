import type { Allow, Deny } from "../../decision/decision.ts";
import { formatValue } from "../../value.ts";
import { cut, explain } from "../explain.ts";
import { type Outcome, verdictOf } from "../outcome.ts";
import type { DecisionLine } from "./log-fields.ts";

/** The line that tells an outcome, with nothing kept back. */
export function decisionLine(outcome: Outcome): DecisionLine {
  const { decision, request, caller, requestId, traceId, receivedAt, answeredAt } = outcome;
  const { tool, warrantId, holder, chain, root, mode, sessionId, agentId } = decision;
  return {
    event: decision.allow ? "authorization_success" : "authorization_denied",
    decision: verdictOf(decision),
    ...(decision.allow ? approvalFields(decision) : denialFields(decision)),
    tool,
    warrant_id: warrantId,
    holder,
    chain,
    root,
    session_id: cut(sessionId),
    agent_id: cut(agentId),
    request_id: requestId,
    envoy_request_id: cut(caller.envoyRequestId),
    trace_id: traceId,
    client: cut(caller.client),
    host: cut(request.authority),
    method: cut(request.method),
    path: cut(request.target.split("?", 1)[0]),
    mode,
    duration_us: Math.round((answeredAt - receivedAt) * 1000),
  };
}

/** The guides' names: `constraint` is the argument, `expected` what the warrant asks of it. */
function denialFields(decision: Deny): DecisionLine {
  const { reason, field, constraint, value, approval } = decision;
  return {
    reason,
    detail: explain(decision),
    constraint: cut(field),
    expected: cut(constraint),
    actual: value === undefined ? undefined : formatValue(value),
    request_hash: approval?.requestHash,
    required_approvals: approval?.required,
    received_approvals: approval?.received,
  };
}

/** Who approved; as many as the warrant asks for. */
function approvalFields({ approvals }: Allow): DecisionLine {
  if (approvals.length === 0) return {};
  return {
    approvals: approvals.map(({ approver, externalId }) => ({ approver, external_id: cut(externalId) })),
  };
}
