import type { Outcome } from "../outcome.ts";
import type { Snapshot } from "../state/snapshot.ts";
import { createDecisionMetrics } from "./decision-metrics.ts";
import { createMetricRegistry, type Figures, type MetricRegistry } from "./metric-registry.ts";

/** What is measured of the checks that one process answers; read when somebody asks. */
export interface CheckMeasured {
  /** Unix seconds. */
  readonly now: () => number;
  /** Open connections on the port of the checks. */
  readonly connections: () => number;
  /** Checks taken and not finished. */
  readonly inflight: () => number;
  /** Lines of the log that nobody took in time. */
  readonly lostLines: () => number;
}

export interface CheckMetrics {
  readonly decision: (outcome: Outcome, snapshot: Snapshot) => void;
  readonly fault: () => void;
  readonly connectionCutOff: () => void;
  /** Drops what was counted for tools that the snapshot doesn't have. */
  readonly forget: (snapshot: Snapshot) => void;
}

export function registerCheckMetrics(
  registry: MetricRegistry,
  { now, connections, inflight, lostLines }: CheckMeasured,
): CheckMetrics {
  const { gauge, counter } = registry;
  const decisions = createDecisionMetrics(registry, now);
  let faults = 0;
  let cutOff = 0;
  counter(
    {
      name: "tenuo_faults_total",
      help: "Errors that should not be possible; the log has an event fault for each",
    },
    () => [[faults]],
  );
  gauge({ name: "tenuo_connections", help: "Open connections on the port of the checks" }, () => [
    [connections()],
  ]);
  counter(
    {
      name: "tenuo_connections_cut_off_total",
      help: "Connections ended since an answer wasn't taken in time, or too many calls waited for their peers",
    },
    () => [[cutOff]],
  );
  gauge({ name: "tenuo_checks_inflight", help: "Checks taken and not finished" }, () => [[inflight()]]);
  counter(
    {
      name: "tenuo_log_lines_lost_total",
      help: "Lines of the log that were lost, as nobody took them in time",
    },
    () => [[lostLines()]],
  );
  return {
    decision: decisions.count,
    fault: () => void faults++,
    connectionCutOff: () => void cutOff++,
    forget: decisions.forget,
  };
}

/** Of a process that has no page of its own. */
export interface WorkerMetrics extends Omit<CheckMetrics, "forget"> {
  readonly figures: () => Promise<Figures>;
}

/** @param snapshot what is in force */
export function createWorkerMetrics(measured: CheckMeasured, snapshot: () => Snapshot): WorkerMetrics {
  const registry = createMetricRegistry();
  const { forget, ...metrics } = registerCheckMetrics(registry, measured);
  return {
    ...metrics,
    figures: async () => {
      const figures = await registry.figures();
      forget(snapshot());
      return figures;
    },
  };
}
