/** One field of a line that tells a decision. */
interface Field {
  readonly holds: string;
  /** In which lines it is there. */
  readonly when: string;
}

const ALWAYS = "always";
const KNOWN = "where the checks got that far";

/** Every field of the lines that tell decisions, in the order of the line; part of the interface. */
export const DECISION_FIELDS = {
  level: {
    holds: "`info` for an allow, `warn` for a denial, whether or not the mode let it pass",
    when: ALWAYS,
  },
  time: { holds: "when the answer was ready, RFC 3339 with milliseconds, UTC", when: ALWAYS },
  event: { holds: "`authorization_success` or `authorization_denied`", when: ALWAYS },
  decision: {
    holds: "`allow`, `deny`, or `would_deny` where the mode let a denied request pass",
    when: ALWAYS,
  },
  reason: { holds: "why, one of the reasons", when: "denials" },
  detail: { holds: "why, for people; no promise on its words", when: "denials" },
  constraint: { holds: "the argument at fault", when: "denials about one argument" },
  expected: { holds: "what the warrant asks of it", when: "denials by a constraint" },
  actual: {
    holds: "what the request has there; text as it is, all else as JSON",
    when: "denials by a constraint, where the argument is there",
  },
  request_hash: { holds: "what approvers sign, 64 hex digits", when: "denials for want of approvals" },
  required_approvals: { holds: "how many approvals are needed", when: "denials for want of approvals" },
  received_approvals: { holds: "how many of those sent count", when: "denials for want of approvals" },
  approvals: {
    holds: "who approved: a list of `approver`, a key in hex, and `external_id`, a name",
    when: "allows that needed approval",
  },
  tool: { holds: "the tool of the route", when: "where a route matches" },
  warrant_id: { holds: "`tnu_wrt_…` of the last warrant of the stack; in a denial a claim", when: KNOWN },
  holder: { holds: "its holder, a key in hex; in a denial a claim", when: KNOWN },
  chain: { holds: "ids of all warrants of the stack, root first; in a denial a claim", when: KNOWN },
  root: { holds: "the key in hex that signed the first; in a denial a claim", when: KNOWN },
  session_id: { holds: "what the warrant says; in a denial a claim", when: "where the warrant names it" },
  agent_id: { holds: "what the warrant says; in a denial a claim", when: "where the warrant names it" },
  request_id: {
    holds: "`req_…`, as in `x-tenuo-request-id` of the answer and in Envoy's metadata",
    when: ALWAYS,
  },
  envoy_request_id: { holds: "`x-request-id` of the request", when: "where the request has it" },
  trace_id: {
    holds:
      "id of the trace: that of the request's `traceparent`, else of the proxy's call, else of our own span",
    when: "where there is one",
  },
  client: { holds: "address of the client as the proxy saw it", when: "where the proxy says it" },
  host: { holds: "host of the request", when: ALWAYS },
  method: { holds: "method of the request", when: ALWAYS },
  path: { holds: "path of the request, without the query", when: ALWAYS },
  mode: { holds: "`enforce`, `audit` or `permissive`, as it holds for this request", when: ALWAYS },
  duration_us: { holds: "microseconds from the arrival of the check to its answer", when: ALWAYS },
  sample_allow: {
    holds: "the part of the allows that is logged; a line stands for 1 / `sample_allow` of them",
    when: "allows, where `settings.log.sample_allow` is below 1",
  },
} as const satisfies Readonly<Record<string, Field>>;

export type DecisionField = keyof typeof DECISION_FIELDS;

/** A line before the logger adds level and time; undefined where there is nothing to tell. */
export type DecisionLine = { [Name in Exclude<DecisionField, "level" | "time">]?: unknown };
