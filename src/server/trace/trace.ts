import type { Log } from "../log/log.ts";
import type { Outcome } from "../outcome.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** Makes a span of each check. Exists only where tracing is on. */
export interface Tracer {
  /** Never throws. @returns the outcome with the trace that its span is part of */
  readonly trace: (outcome: Outcome) => Outcome;
  /** Sends the spans that are left, but doesn't wait for ever. */
  readonly end: () => Promise<void>;
}

/** OpenTelemetry is loaded by this alone: whoever doesn't trace doesn't pay for it. */
export async function startTracer(settings: TraceSettings, version: string, log: Log): Promise<Tracer> {
  const { createTracer } = await import("./trace-otlp.ts");
  return createTracer(settings, version, log);
}
