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
import type { ProvenChain } from "../warrant/proven-chain.ts";
import { isRefused, type WarrantRefusal } from "../warrant/refusal.ts";
import { verifyCall } from "../warrant/verify.ts";
import { leafOf, type Stack, warrantIdText } from "../warrant/warrant.ts";
import { weightOf } from "../warrant/weight.ts";
import type { ChainFacts, Decision, Deny, Facts, Known, Mode } from "./decision.ts";
import type { Memory } from "./memory.ts";

/** Everything a decision depends on besides the request and the time; replaced as a whole. */
export interface Policy {
  readonly gateway: Gateway;
  readonly trust: Trust;
  /** Where no route says otherwise. */
  readonly mode: Mode;
  /** While the route isn't known: enforce as soon as one route is, since that one may be meant. */
  readonly strictestMode: Mode;
  /** What was proven under this policy, and under no other; without it, each request is judged from scratch. */
  readonly memory?: Memory;
}

/**
 * Decides one request. Pure but for what it remembers: same policy, time and request, same verdict for the same reason,
 * whatever was asked before.
 *
 * The order of the checks is part of the interface, as the first failure is the reason a client sees.
 *
 * @param now Unix seconds
 */
export function* authorize(policy: Policy, now: number, request: HttpRequest): Steps<Decision> {
  const { gateway, trust, memory } = policy;
  const { settings } = gateway;
  let mode = policy.strictestMode;
  let claims: Partial<Facts> & Known = {};
  const deny = (refusal: GatewayRefusal | WarrantRefusal): Deny => {
    const { refused: reason, ...facts } = refusal;
    return { ...claims, ...facts, allow: false, reason, mode };
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
  const { tool } = match;
  claims = { tool };

  const text = credential(request, settings.warrantHeader);
  const presented = yield* present(text, policy);
  if (isRefused(presented)) return deny(presented);
  const { chain, facts, keepChain } = presented;
  claims = { ...facts, tool, isChainKnown: !isStack(chain) };

  const extracted = yield* extract(gateway, match, request);
  if (isRefusal(extracted)) return deny(extracted);

  const call = {
    tool,
    args: extracted.args,
    proof: credential(request, settings.popHeader),
    approvals: credential(request, settings.approvalHeader),
    requiredClearance: match.route.requiredClearance,
    maxApprovals: settings.maxApprovals,
  };
  const spared = { signatures: memory?.signatures, keepChain };
  const result = yield* verifyCall(chain, call, trust, now, spared);
  if (result.refused !== undefined) return deny(result);
  return {
    // First, since a copy of all of them is cheap.
    ...facts,
    allow: true,
    mode,
    tool,
    isChainKnown: claims.isChainKnown,
    approvals: result.approvals,
  };
}

/** A chain as it came: known from a request before, or only read. */
interface Presented {
  readonly chain: ProvenChain | Stack;
  readonly facts: ChainFacts;
  /** To be told when it is proven. */
  readonly keepChain?: (chain: ProvenChain) => void;
}

function* present(
  text: string | undefined,
  { memory, gateway: { settings } }: Policy,
): Steps<Presented | WarrantRefusal> {
  const known = text === undefined ? undefined : memory?.chains.find(text);
  if (known !== undefined && known.chain.warrants.length <= settings.maxChainLength) return known;
  const stack = yield* parseWarrantHeader(text, settings.maxChainLength);
  if (!isStack(stack)) return stack;
  const facts = factsOf(stack);
  if (text === undefined || memory === undefined) return { chain: stack, facts };
  const keepChain = (chain: ProvenChain): void =>
    memory.chains.keep(text, { chain, facts }, () => weightOf(stack));
  return { chain: stack, facts, keepChain };
}

/** Of the routes a request may mean, the strictest; a path without any has the mode of all. */
function modeOf(routes: readonly Route[] | undefined, policy: Policy): Mode {
  if (routes === undefined) return policy.strictestMode;
  const modes = routes.map((route) => route.mode ?? policy.mode);
  return modes.includes("enforce") ? "enforce" : (modes[0] ?? policy.mode);
}

function factsOf(stack: Stack): ChainFacts {
  const leaf = leafOf(stack);
  return Object.freeze({
    warrantId: warrantIdText(leaf),
    holder: leaf.holder.hex,
    root: stack[0].issuer.hex,
    chainDepth: leaf.depth,
    expiresAt: leaf.expiresAt,
    chain: stack.map(warrantIdText),
    ...(leaf.sessionId !== undefined && { sessionId: leaf.sessionId }),
    ...(leaf.agentId !== undefined && { agentId: leaf.agentId }),
  });
}
