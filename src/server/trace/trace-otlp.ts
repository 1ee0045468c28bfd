import { setTimeout as sleep } from "node:timers/promises";
import {
  type Context,
  createTraceState,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { errorMessage } from "../error-message.ts";
import type { Log } from "../log/log.ts";
import type { TraceParent } from "../trace-parent.ts";
import { hasFailed, SPAN_NAME, spanAttributes } from "./span-attributes.ts";
import { createSpanClock } from "./span-clock.ts";
import type { Tracer } from "./trace.ts";
import { type Complain, createComplaints } from "./trace-complaints.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** What the collector has for the last spans. */
const LAST_SPANS_MS = 3_000;

/** What an exporter calls success; the package that names it isn't needed otherwise. */
const EXPORTED = 0;

/** How the queue tells of spans that it had no room for. */
const DROPPED = /^Dropped (\d+) spans /;

export async function createTracer(settings: TraceSettings, version: string, log: Log): Promise<Tracer> {
  const complaints = createComplaints(log);
  /** Spans that are neither sent nor lost yet. */
  let open = 0;
  const complain: Complain = (message, lost = 0) => {
    open -= lost;
    complaints.complain(message, lost);
  };
  const note = (message: string): void => complain(message, Number(DROPPED.exec(message)?.[1] ?? 0));
  const quiet = (): void => {};
  diag.setLogger(
    { error: note, warn: note, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN },
  );

  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ "service.version": version, ...settings.resource }),
    ),
    sampler: samplerOf(settings),
    spanProcessors: [
      new BatchSpanProcessor({
        ...settings.batch,
        exporter: complaining(await exporterOf(settings), complain, (sent) => {
          open -= sent;
        }),
      }),
    ],
  });
  const spans = provider.getTracer("tenuo-ext-authz", version);
  const toClock = createSpanClock();

  return {
    trace: (outcome) => {
      try {
        const startTime = toClock(outcome.receivedAt);
        const span = spans.startSpan(
          SPAN_NAME,
          { kind: SpanKind.SERVER, startTime },
          contextOf(outcome.parent),
        );
        if (!span.isRecording()) return outcome;
        open++;
        span.setAttributes(spanAttributes(outcome));
        if (hasFailed(outcome)) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end(startTime + (outcome.answeredAt - outcome.receivedAt));
        return { ...outcome, traceId: span.spanContext().traceId };
      } catch (error) {
        complain(errorMessage(error));
        return outcome;
      }
    },
    end: async () => {
      const sent = provider.shutdown().catch((error: Error) => complain(error.message));
      const waiting = new AbortController();
      const late = sleep(LAST_SPANS_MS, undefined, waiting).catch(() => {});
      await Promise.race([sent, late]);
      waiting.abort();
      if (open > 0) complain("the end came before they were taken, or too many waited", open);
      complaints.end();
    },
  };
}

function samplerOf({ sampler, ratio }: TraceSettings): Sampler {
  const root = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  };
  switch (sampler) {
    case "parentbased_always_on":
      return new ParentBasedSampler({ root: root.always_on() });
    case "parentbased_always_off":
      return new ParentBasedSampler({ root: root.always_off() });
    case "parentbased_traceidratio":
      return new ParentBasedSampler({ root: root.traceidratio() });
    default:
      return root[sampler]();
  }
}

async function exporterOf({ protocol, batch }: TraceSettings): Promise<SpanExporter> {
  // At the end all that waits is sent at once.
  const concurrencyLimit = Math.ceil(batch.maxQueueSize / batch.maxExportBatchSize) + 1;
  if (protocol === "grpc")
    return (await import("./trace-export-grpc.ts")).createGrpcExporter(concurrencyLimit);
  return (await import("./trace-export-http.ts")).createHttpExporter(concurrencyLimit);
}

/** The exporter, but that its failures go to the log. */
function complaining(
  exporter: SpanExporter,
  complain: Complain,
  sent: (spans: number) => void,
): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const { error } = result as { readonly error?: NodeJS.ErrnoException };
        // Node leaves the message of a refused connection empty where a name has several addresses.
        if (result.code === EXPORTED) sent(spans.length);
        else complain(error?.message || error?.code || "no reason given", spans.length);
        done({ code: EXPORTED });
      }),
    shutdown: () => exporter.shutdown(),
  };
}

function contextOf(parent: TraceParent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled, state } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  });
}
