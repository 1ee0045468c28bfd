import type { Decision } from "../decision/decision.ts";
import type { HttpRequest } from "../gateway/request.ts";
import type { TraceParent } from "./trace-parent.ts";

/** Where the call came from and what others call it; for log and traces alone, never for a decision. */
export interface Caller {
  /** Address of the client as the proxy saw it. */
  readonly client: string | undefined;
  readonly envoyRequestId: string | undefined;
  /** The span that the checked request says it is part of. */
  readonly parent: TraceParent | undefined;
}

/** A check and what came of it, for whoever tells of it: log, metrics, traces. */
export interface Outcome {
  readonly decision: Decision;
  readonly request: HttpRequest;
  readonly caller: Caller;
  readonly requestId: string;
  /** The span it is part of: what the checked request says, or else what the call itself says. */
  readonly parent: TraceParent | undefined;
  /** The trace it is part of: the parent's, or else that of our own span. */
  readonly traceId: string | undefined;
  /** Milliseconds of `performance.now()`, when it arrived and when its answer was ready. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

/** `allow`, `deny`, or `would_deny` where the mode lets a denied request pass. */
export type Verdict = "allow" | "deny" | "would_deny";

export function verdictOf(decision: Decision): Verdict {
  if (decision.allow) return "allow";
  return decision.mode === "audit" || decision.mode === "permissive" ? "would_deny" : "deny";
}
