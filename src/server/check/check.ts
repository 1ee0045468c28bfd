import { randomUUID } from "node:crypto";
import { authorize, type Policy } from "../../decision/authorize.ts";
import type { Decision, Deny } from "../../decision/decision.ts";
import { finish, type Steps } from "../../steps.ts";
import type { Arrival, CheckService } from "../grpc/grpc-server.ts";
import type { Log } from "../log/log.ts";
import type { Outcome } from "../outcome.ts";
import type { Snapshot } from "../state/snapshot.ts";
import { NOTHING, readCheckRequest } from "./check-request.ts";
import { type CheckResponse, internalDenial, internalFault, toCheckResponse } from "./check-response.ts";
import { LAST_RESORT, serializeResponse } from "./response-guard.ts";
import type { WorkQueue } from "./work-queue.ts";

/** What a check needs from the running service. */
export interface CheckContext {
  /** The state in force; asked once for each request. */
  readonly snapshot: () => Snapshot;
  /** Unix seconds. */
  readonly now: () => number;
  /** Told of each outcome before it is answered. */
  readonly tell: (outcome: Outcome, snapshot: Snapshot) => void;
  readonly fault: Log["fault"];
}

/** Answers checks in the order of the queue; what it doesn't take, or what waits too long, is answered `overloaded`. */
export function createCheckService(context: CheckContext, queue: WorkQueue): CheckService {
  return {
    lastResort: LAST_RESORT,
    check: (arrival, reply) => {
      const refuse = (): void => reply(serializeResponse(finish(answer(arrival, context, overload))));
      const isTaken = queue.offer({
        bytes: Buffer.isBuffer(arrival.message) ? arrival.message.length : 0,
        steps: answerInto(reply, arrival, context),
        isWanted: () => !arrival.isCancelled() && !isLate(arrival),
        abandon: (error) => {
          if (error !== undefined) reply(LAST_RESORT);
          else if (!arrival.isCancelled()) refuse();
        },
      });
      if (!isTaken) refuse();
    },
  };
}

function* answerInto(reply: (answer: Buffer) => void, arrival: Arrival, context: CheckContext): Steps<void> {
  reply(serializeResponse(yield* answer(arrival, context)));
}

/**
 * Answers one check; never throws.
 *
 * @param refusal what to answer without judging it
 */
function* answer(
  arrival: Arrival,
  context: CheckContext,
  refusal?: (policy: Policy) => Deny,
): Steps<CheckResponse> {
  const requestId = `req_${randomUUID().replaceAll("-", "")}`;
  try {
    const snapshot = context.snapshot();
    const { policy, answers } = snapshot;
    const { message, receivedAt } = arrival;
    const question = Buffer.isBuffer(message) ? readCheckRequest(message) : message;
    const { request, caller } = "refused" in question ? NOTHING : question;
    let decision: Decision;
    try {
      if ("refused" in question) decision = denial(policy, question.refused, question.detail);
      else decision = refusal?.(policy) ?? (yield* authorize(policy, context.now(), request));
    } catch (error) {
      context.fault("a check failed", error, requestId);
      decision = internalFault(policy.strictestMode);
    }
    // An allow that comes too late has no one to take it, and the log shall not tell of one.
    if (isLate(arrival)) decision = { ...overload(policy), mode: decision.mode };
    yield;
    const response = toCheckResponse(decision, requestId, request, answers);
    const parent = caller.parent ?? arrival.parent;
    const traceId = parent?.traceId;
    const answeredAt = performance.now();
    context.tell({ decision, request, caller, requestId, parent, traceId, receivedAt, answeredAt }, snapshot);
    return response;
  } catch (error) {
    context.fault("a check could not be answered; it was denied", error, requestId);
    return internalDenial(requestId);
  }
}

function isLate({ answerBy }: Arrival): boolean {
  return performance.now() > answerBy;
}

function overload(policy: Policy): Deny {
  return denial(policy, "overloaded", "too many requests wait, or this one waited beyond its deadline");
}

/** Of a request whose route isn't known. */
function denial({ strictestMode }: Policy, reason: Deny["reason"], detail: string): Deny {
  return { allow: false, reason, mode: strictestMode, detail };
}
