import { createCheckService } from "./check/check.ts";
import { createWorkQueue, DEFAULT_MAX_INFLIGHT } from "./check/work-queue.ts";
import type { Checks } from "./checks.ts";
import { endConnections } from "./end-connections.ts";
import { createGrpcServer } from "./grpc/grpc-server.ts";
import { createServer as createHttpServer } from "./http.ts";
import type { Log } from "./log/log.ts";
import type { CheckMetrics } from "./metrics/check-metrics.ts";
import type { Outcome } from "./outcome.ts";
import { type Health, healthPages } from "./pages.ts";
import { createCheckPort } from "./port/check-port.ts";
import { roomWithin } from "./room.ts";
import { seldom } from "./seldom.ts";
import type { Snapshot } from "./state/snapshot.ts";
import type { Tracer } from "./trace/trace.ts";

/** How checks are taken; the same for each process that answers them. */
export interface AnswerTerms {
  /** Checks that may wait for their turn, {@link DEFAULT_MAX_INFLIGHT} unless said; above it they are `overloaded`. */
  readonly maxInflight?: number;
  /** How long a proxy keeps a connection; for ever unless said. */
  readonly maxConnectionAgeSeconds?: number;
}

export interface AnswererOptions extends AnswerTerms {
  readonly snapshot: () => Snapshot;
  /** Unix seconds. */
  readonly now: () => number;
  readonly health: Health;
  readonly log: Log;
  /** None, unless somebody reads them. */
  readonly metrics: Omit<CheckMetrics, "forget"> | undefined;
  /** None, unless spans are wanted. */
  readonly tracer: Tracer | undefined;
}

/** Answers checks in this process. */
export function createAnswerer({
  maxInflight = DEFAULT_MAX_INFLIGHT,
  maxConnectionAgeSeconds = Number.POSITIVE_INFINITY,
  ...options
}: AnswererOptions): Checks {
  const { snapshot, now, health, log, metrics, tracer } = options;
  const room = roomWithin();
  const queue = createWorkQueue(maxInflight, room);
  const fault: Log["fault"] = (...cause) => {
    metrics?.fault();
    log.fault(...cause);
  };
  const tell = (outcome: Outcome, judgedBy: Snapshot): void => {
    try {
      metrics?.decision(outcome, judgedBy);
    } catch (error) {
      fault("a decision could not be counted", error, outcome.requestId);
    }
    log.decision(tracer === undefined ? outcome : tracer.trace(outcome), judgedBy);
  };
  /** Those that are judged, and for each connection one that watches the health. */
  const maxCalls = room.calls + maxInflight + room.connections;
  const warnOfDeaf = seldom((cut_off) =>
    log.warn(
      "connections_cut_off",
      `connections were ended whose answers nobody took, or whose calls waited for longest when there were more than ${maxCalls} calls`,
      { cut_off },
    ),
  );
  const grpc = createGrpcServer(createCheckService({ snapshot, now, tell, fault }, queue), {
    maxArrivingBytes: room.arrivingBytes,
    maxCalls,
    maxWatches: room.connections,
    cutOff: () => {
      metrics?.connectionCutOff();
      warnOfDeaf();
    },
    maxAgeSeconds: maxConnectionAgeSeconds,
  });
  const pages = createHttpServer(healthPages(health, true));
  const port = createCheckPort({ tls: () => snapshot().tls, grpc, pages, log });
  port.server.maxConnections = room.connections;
  const showReadiness = (): void => grpc.setServing(health.unready().length === 0);
  showReadiness();
  return {
    server: port.server,
    connections: () => port.sockets.size,
    inflight: queue.length,
    look: () => {
      showReadiness();
      port.retireStrangers();
    },
    leave: showReadiness,
    census: async () => ({ proxies: port.proxies.size, calls: grpc.calls() }),
    finish: () => endConnections(port, grpc),
  };
}
