import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Outcome } from "./outcome.ts";

/** What is read when somebody asks. */
export interface Gauges {
  /** Open connections on the port of the checks. */
  readonly connections: () => number;
  /** Checks taken and not finished. */
  readonly inflight: () => number;
}

/** No label holds anything that a client can choose. */
export interface Metrics {
  readonly connectionRefused: () => void;
  readonly decision: (outcome: Outcome) => void;
  readonly page: () => Promise<MetricsPage>;
}

/** In the text format of Prometheus. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** Also measures the process from now on: memory, processor, garbage collection, lag of the event loop. */
export function createMetrics({ connections, inflight }: Gauges): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  gauge("tenuo_connections", "Open connections on the port of the checks", connections);
  gauge("tenuo_checks_inflight", "Checks taken and not finished", inflight);
  const refused = new Counter({
    name: "tenuo_connections_refused_total",
    help: "Connections closed at once, since there were too many",
    registers,
  });
  const overloaded = new Counter({
    name: "tenuo_checks_overloaded_total",
    help: "Checks answered with the reason overloaded",
    registers,
  });
  return {
    connectionRefused: () => refused.inc(),
    decision: ({ decision }) => {
      if (!decision.allow && decision.reason === "overloaded") overloaded.inc();
    },
    page: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };

  function gauge(name: string, help: string, read: () => number): void {
    const measured: Gauge = new Gauge({ name, help, registers, collect: () => measured.set(read()) });
  }
}
