import { randomUUID } from "node:crypto";
import type { handleUnaryCall, MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { authorize } from "../decision/authorize.ts";
import type { Decision } from "../decision/decision.ts";
import { toCaller, toHttpRequest } from "./check-request.ts";
import { internalDenial, serializeResponse, toCheckResponse } from "./check-response.ts";
import type { Log } from "./log.ts";
import { authorizationService, type CheckRequest, type CheckResponse } from "./proto.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a check needs from the running service. */
export interface CheckContext {
  /** The state in force; asked once for each request. */
  readonly snapshot: () => Snapshot;
  /** Unix seconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** A request whose bytes aren't a CheckRequest; denied like any other, since an error could become an allow. */
type Received = CheckRequest | undefined;

const { Check } = authorizationService;

/** The Authorization service with its codecs guarded on both sides. */
export const guardedService: ServiceDefinition = {
  Check: {
    ...Check,
    requestDeserialize: (bytes: Buffer): Received => {
      try {
        return Check.requestDeserialize(bytes);
      } catch {
        return undefined;
      }
    },
    responseSerialize: serializeResponse,
  } as MethodDefinition<Received, CheckResponse>,
};

/** Handles `Check`: always answers, with transport status OK, and never throws. */
export function checkHandler(context: CheckContext): handleUnaryCall<Received, CheckResponse> {
  return (call, callback) => callback(null, answer(call.request, context));
}

export function answer(received: Received, context: CheckContext): CheckResponse {
  const requestId = `req_${randomUUID().replaceAll("-", "")}`;
  const started = performance.now();
  try {
    const { policy, answers } = context.snapshot();
    const request = toHttpRequest(received ?? UNREADABLE);
    const decision: Decision =
      received === undefined
        ? {
            allow: false,
            reason: "ambiguous_request",
            mode: policy.mode,
            detail: "the bytes aren't a CheckRequest",
          }
        : authorize(policy, context.now(), request);
    const response = toCheckResponse(decision, requestId, request, answers);
    const caller = toCaller(received ?? UNREADABLE, request.headers);
    context.log.decision(decision, request, caller, requestId, performance.now() - started);
    return response;
  } catch (error) {
    context.log.fault("a check failed; it was denied", error, requestId);
    return internalDenial(requestId);
  }
}

const UNREADABLE: CheckRequest = { attributes: null };
