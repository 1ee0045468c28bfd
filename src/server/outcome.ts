import type { Decision } from "../decision/decision.ts";
import type { HttpRequest } from "../gateway/request.ts";
import type { Caller } from "./check-request.ts";
import type { TraceParent } from "./trace-parent.ts";

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
