import { ANSWERS, type Reason } from "../src/decision/reason.ts";
import { code, table } from "./markdown.ts";

interface Advice {
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** In the order of the checks; a reason without advice doesn't compile. */
const ADVICE: Readonly<Record<Reason, Advice>> = {
  request_too_large: {
    meaning: "Path, headers or body are beyond what is judged",
    remedy: "Send less, or raise `settings.max_body_bytes` (and Envoy's `max_request_bytes`)",
  },
  ambiguous_request: {
    meaning:
      "Proxy and upstream could read the request differently: an odd path, a header or a query key sent twice, a method override, an upgrade",
    remedy:
      "Send one plain spelling; [what is refused](../compatibility.md#requests), [settings of Envoy](../../SECURITY.md#what-envoy-must-be-set-to) that make ordinary clients right",
  },
  no_route: {
    meaning: "No route fits host, path and method",
    remedy: "Add a route, or correct the path; GET does not imply HEAD, and case counts",
  },
  missing_warrant: {
    meaning: "No warrant header",
    remedy: "Send `X-Tenuo-Warrant`; check that no proxy drops it",
  },
  invalid_warrant: {
    meaning: "It doesn't decode, breaks a rule of the format, is too big, or a signature is wrong",
    remedy: "Send what the SDK made, unchanged; a chain as a whole stack, root first",
  },
  body_unreadable: {
    meaning: "An argument comes from the body, and it isn't one complete JSON text of a JSON media type",
    remedy: "Let Envoy send the whole body; send `content-type: application/json`",
  },
  extraction_failed: {
    meaning: "A required argument is missing, or isn't of its `type` or among its `allowed_values`",
    remedy: "Send the argument; the field is in the body of the answer",
  },
  revocation_unavailable: {
    meaning: "The revocation list that is required is missing or too old",
    remedy: "Publish a fresh list; look at `/ready`; [revocation](../revocation.md#freshness)",
  },
  warrant_revoked: {
    meaning: "A warrant of the chain is on the revocation list",
    remedy: "Get a new one; everything below a revoked warrant is revoked with it",
  },
  untrusted_root: {
    meaning: "The first warrant isn't signed by a trusted root",
    remedy: "Send the whole chain; add the root to `settings.trusted_roots`",
  },
  warrant_expired: {
    meaning: "A warrant of the chain has expired",
    remedy: "Get a new one",
  },
  warrant_not_yet_valid: {
    meaning: "A warrant was issued later than now plus the clock tolerance",
    remedy: "Correct the clocks",
  },
  chain_invalid: {
    meaning:
      "A link is wrong: order, parent, depth, times, or it grants more than its parent (`invalid-attenuation` 1502, `capability-expansion` 1503, `invalid-issuer` 1400)",
    remedy: "Send the whole stack; delegate less. The detail names the warrant and the rule",
  },
  insufficient_clearance: {
    meaning: "The tool demands a clearance that the leaf doesn't have; none counts as 0",
    remedy: "Get a warrant with the clearance, or lower `tools.<name>.clearance`",
  },
  wrong_warrant_type: {
    meaning: "An issuer warrant was used for a call",
    remedy: "Issue an execution warrant from it",
  },
  tool_not_in_warrant: {
    meaning: "The warrant doesn't grant the tool of the route",
    remedy: "Get a warrant for it",
  },
  missing_pop: {
    meaning: "No proof of possession, or an empty one",
    remedy: "Send `X-Tenuo-PoP`",
  },
  invalid_pop: {
    meaning: "It isn't the holder's signature over this warrant, tool, arguments and time",
    remedy:
      "Sign with the holder's key exactly the arguments that gateway.yaml extracts; [how to find the difference](../troubleshooting.md#invalid_pop)",
  },
  pop_expired: {
    meaning: "The proof is right for another time",
    remedy: "Sign each call anew; correct the clock",
  },
  constraint_violation: {
    meaning: "An argument is outside what the warrant allows, missing, or not named by it",
    remedy: "Call within the warrant; field and constraint are in the body of the answer",
  },
  unknown_constraint: {
    meaning: "The warrant has a constraint of a kind that isn't known here",
    remedy: "Use one of [these kinds](../constraints.md#the-kinds)",
  },
  approval_required: {
    meaning: "A gate of the warrant fires and no approval is sent",
    remedy:
      "Have the `request_hash` of the answer signed by `required_approvals` of its `required_approvers`, and send the call again; [approvals](../approvals.md)",
  },
  insufficient_approvals: {
    meaning: "Fewer approvals count than the warrant asks for",
    remedy: "Collect more; the answer says how many, from whom and over which hash",
  },
  invalid_approval: {
    meaning:
      "The approvals header (checked before the chain) or the gates can't be read, there are too many approvals or no approvers, or the one approval needed isn't valid",
    remedy: "Send what the approver signed for this very call, in time",
  },
  overloaded: {
    meaning: "More requests wait than can be judged in time, or the request waited beyond its deadline",
    remedy: "Retry after a moment; add replicas or CPU; [overload](../overload.md)",
  },
  internal: {
    meaning: "A fault of the service; the request wasn't judged",
    remedy: 'Look for `"event":"fault"` in the log, and report it',
  },
};

const INTRODUCTION = `# Reasons to deny

One set of names, in the header \`x-tenuo-deny-reason\`, the body, the log, the metrics and the access log of Envoy
(\`%DYNAMIC_METADATA(envoy.filters.http.ext_authz:reason)%\`). The first check that fails is the reason; the rows are in
the order of the checks, but for the last two, which can come at any time. With \`settings.debug_mode\` the header and the
body also say the detail; the log always does. From a denial to its cause: [troubleshooting.md](../troubleshooting.md).
Made from the code by \`npm run generate\`.

`;

/** Every reason with its answer and what to do about it, as Markdown. */
export function reasonsPage(): string {
  const rows = Object.entries(ADVICE).map(([reason, { meaning, remedy }]) => {
    const { status, error, code: number } = ANSWERS[reason as Reason];
    return [code(reason), status, error, number, meaning, remedy];
  });
  const head = ["reason", "status", "`error`", "`error_code`", "what it means", "what to do"];
  return INTRODUCTION + table(head, rows);
}
