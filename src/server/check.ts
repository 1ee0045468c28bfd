import { randomUUID } from "node:crypto";
import { authorize } from "../decision/authorize.ts";
import type { Decision } from "../decision/decision.ts";
import { toCaller, toHttpRequest } from "./check-request.ts";
import { internalDenial, internalFault, toCheckResponse } from "./check-response.ts";
import type { CheckRequest, CheckResponse } from "./grpc.ts";
import type { Log } from "./log.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a check needs from the running service. */
export interface CheckContext {
  /** The state in force; asked once for each request. */
  readonly snapshot: () => Snapshot;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: Log;
}

/**
 * Answers one check; never throws.
 *
 * @param check undefined where the bytes aren't a CheckRequest, which is denied like anything unreadable
 */
export function answerCheck(check: CheckRequest | undefined, context: CheckContext): CheckResponse {
  const requestId = `req_${randomUUID().replaceAll("-", "")}`;
  const started = performance.now();
  try {
    const { policy, answers } = context.snapshot();
    const question = check ?? NOTHING;
    const request = toHttpRequest(question);
    let decision: Decision;
    try {
      decision =
        check === undefined ? unreadable(policy.strictestMode) : authorize(policy, context.now(), request);
    } catch (error) {
      context.log.fault("a check failed", error, requestId);
      decision = internalFault(policy.strictestMode);
    }
    const response = toCheckResponse(decision, requestId, request, answers);
    const caller = toCaller(question, request.headers);
    context.log.decision(decision, request, caller, requestId, performance.now() - started);
    return response;
  } catch (error) {
    context.log.fault("a check could not be answered; it was denied", error, requestId);
    return internalDenial(requestId);
  }
}

const NOTHING: CheckRequest = { attributes: null };

function unreadable(mode: Decision["mode"]): Decision {
  return { allow: false, reason: "ambiguous_request", mode, detail: "the bytes aren't a CheckRequest" };
}
