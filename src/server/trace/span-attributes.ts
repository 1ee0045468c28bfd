import { type Outcome, verdictOf } from "../outcome.ts";

/** By the conventions for spans of RPC: the method, in full. */
export const SPAN_NAME = "envoy.service.auth.v3.Authorization/Check";

/**
 * What a span says of a check. Nothing is copied from the request: no path, no argument, no credential. Of a denied
 * warrant the id and the depth are claims.
 */
export function spanAttributes({ decision, requestId }: Outcome): Readonly<Record<string, string | number>> {
  const { tool, warrantId, chainDepth, mode } = decision;
  const reason = decision.allow ? undefined : decision.reason;
  return {
    "rpc.system.name": "grpc",
    "rpc.method": SPAN_NAME,
    "tenuo.decision": verdictOf(decision),
    ...(reason !== undefined && { "tenuo.reason": reason }),
    ...(tool !== undefined && { "tenuo.tool": tool }),
    ...(warrantId !== undefined && { "tenuo.warrant_id": warrantId }),
    ...(chainDepth !== undefined && { "tenuo.chain_depth": chainDepth }),
    "tenuo.mode": mode,
    "tenuo.request_id": requestId,
    ...(reason === "internal" && { "error.type": reason }),
  };
}

/** To deny is what the service is for; to fail isn't. */
export function hasFailed({ decision }: Outcome): boolean {
  return !decision.allow && decision.reason === "internal";
}
