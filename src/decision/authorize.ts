import { admit } from "../gateway/admit.ts";
import { extract } from "../gateway/extract.ts";
import type { Gateway, Route } from "../gateway/gateway.ts";
import { credential } from "../gateway/header.ts";
import { matchRoute } from "../gateway/match.ts";
import { type GatewayRefusal, isRefusal } from "../gateway/refusal.ts";
import type { HttpRequest } from "../gateway/request.ts";
import type { Steps } from "../steps.ts";
import type { Trust } from "../warrant/chain.ts";
import { parseWarrantHeader } from "../warrant/header.ts";
import { isStack } from "../warrant/parse.ts";
import type { WarrantRefusal } from "../warrant/refusal.ts";
import { verifyCall } from "../warrant/verify.ts";
import { leafOf, type Stack, warrantIdText } from "../warrant/warrant.ts";
import type { Decision, Deny, Facts, Mode } from "./decision.ts";

/** Everything a decision depends on besides the request and the time; replaced as a whole. */
export interface Policy {
  readonly gateway: Gateway;
  readonly trust: Trust;
  /** Where no route says otherwise. */
  readonly mode: Mode;
  /** While the route isn't known: enforce as soon as one route is, since that one may be meant. */
  readonly strictestMode: Mode;
}

/**
 * Decides one request. Pure: same policy, time and request, same decision.
 *
 * The order of the checks is part of the interface, as the first failure is the reason a client sees.
 *
 * @param now Unix seconds
 */
export function* authorize(policy: Policy, now: number, request: HttpRequest): Steps<Decision> {
  const { gateway, trust } = policy;
  const { settings } = gateway;
  let mode = policy.strictestMode;
  const claims: { -readonly [K in keyof Facts]?: Facts[K] } = {};
  const deny = (refusal: GatewayRefusal | WarrantRefusal): Deny => {
    const { refused: reason, ...facts } = refusal;
    return { allow: false, reason, mode, ...claims, ...facts };
  };

  const ambiguity = admit(gateway, request);
  if (ambiguity !== undefined) return deny(ambiguity);

  const match = matchRoute(gateway, request);
  if (isRefusal(match)) {
    const { routes, ...refusal } = match;
    mode = modeOf(routes, policy);
    return deny(refusal);
  }
  mode = modeOf([match.route], policy);
  claims.tool = match.tool;

  const text = credential(request, settings.warrantHeader);
  const stack = yield* parseWarrantHeader(text, settings.maxChainLength);
  if (!isStack(stack)) return deny(stack);
  const facts = factsOf(stack);
  Object.assign(claims, facts);

  const extracted = yield* extract(gateway, match, request);
  if (isRefusal(extracted)) return deny(extracted);

  const call = {
    tool: match.tool,
    args: extracted.args,
    proof: credential(request, settings.popHeader),
    approvals: credential(request, settings.approvalHeader),
    requiredClearance: match.route.requiredClearance,
    maxApprovals: settings.maxApprovals,
  };
  const result = yield* verifyCall(stack, call, trust, now);
  if (result.refused !== undefined) return deny(result);
  return { allow: true, mode, tool: match.tool, ...facts, approvals: result.approvals };
}

/** Of the routes a request may mean, the strictest; a path without any has the mode of all. */
function modeOf(routes: readonly Route[] | undefined, policy: Policy): Mode {
  if (routes === undefined) return policy.strictestMode;
  const modes = routes.map((route) => route.mode ?? policy.mode);
  return modes.includes("enforce") ? "enforce" : (modes[0] ?? policy.mode);
}

function factsOf(stack: Stack): Omit<Facts, "tool"> {
  const leaf = leafOf(stack);
  return {
    warrantId: warrantIdText(leaf),
    holder: leaf.holder.hex,
    root: stack[0].issuer.hex,
    chainDepth: leaf.depth,
    expiresAt: leaf.expiresAt,
    chain: stack.map(warrantIdText),
    ...(leaf.sessionId !== undefined && { sessionId: leaf.sessionId }),
    ...(leaf.agentId !== undefined && { agentId: leaf.agentId }),
  };
}
