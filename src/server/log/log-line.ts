import type { Allow } from "../../decision/decision.ts";
import { pathOf } from "../../gateway/path.ts";
import { formatValue } from "../../value.ts";
import { cut, explain } from "../explain.ts";
import { type Outcome, verdictOf } from "../outcome.ts";
import type { DecisionLine } from "./log-fields.ts";

/**
 * The line that tells an outcome, with nothing kept back; what isn't known is undefined, and isn't written. All fields are
 * there for each, so that all lines have one shape.
 */
export function decisionLine(outcome: Outcome): DecisionLine {
  const { decision, request, caller, requestId, traceId, receivedAt, answeredAt } = outcome;
  const denial = decision.allow ? undefined : decision;
  return {
    event: decision.allow ? "authorization_success" : "authorization_denied",
    decision: verdictOf(decision),
    reason: denial?.reason,
    detail: denial && explain(denial),
    // The guides' names: `constraint` is the argument, `expected` what the warrant asks of it.
    constraint: cut(denial?.field),
    expected: cut(denial?.constraint),
    actual: denial?.value === undefined ? undefined : formatValue(denial.value),
    request_hash: denial?.approval?.requestHash,
    required_approvals: denial?.approval?.required,
    received_approvals: denial?.approval?.received,
    approvals: decision.allow ? approvalsOf(decision) : undefined,
    tool: decision.tool,
    warrant_id: decision.warrantId,
    holder: decision.holder,
    chain: decision.chain,
    root: decision.root,
    session_id: cut(decision.sessionId),
    agent_id: cut(decision.agentId),
    request_id: requestId,
    envoy_request_id: cut(caller.envoyRequestId),
    trace_id: traceId,
    client: cut(caller.client),
    host: cut(request.authority),
    method: cut(request.method),
    path: cut(pathOf(request.target)),
    mode: decision.mode,
    duration_us: Math.round((answeredAt - receivedAt) * 1000),
    sample_allow: undefined,
  };
}

/** Who approved; as many as the warrant asks for. */
function approvalsOf({ approvals }: Allow): readonly object[] | undefined {
  return approvals.length === 0
    ? undefined
    : approvals.map(({ approver, externalId }) => ({ approver, external_id: cut(externalId) }));
}
