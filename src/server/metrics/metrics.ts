import type { Outcome } from "../outcome.ts";
import type { Snapshot } from "../state/snapshot.ts";
import type { StateView } from "../state/state.ts";
import { createDecisionMetrics } from "./decision-metrics.ts";
import { createMetricRegistry, type MetricDescription, type MetricsPage } from "./metric-registry.ts";
import { seldomMade } from "./seldom-made.ts";
import { registerStateMetrics } from "./state-metrics.ts";

/** What is measured; read when somebody asks. */
export interface Measured {
  readonly version: string;
  readonly state: StateView;
  /** Unix seconds. */
  readonly now: () => number;
  readonly isReady: () => boolean;
  /** Open connections on the port of the checks. */
  readonly connections: () => number;
  /** Checks taken and not finished. */
  readonly inflight: () => number;
  /** Lines of the log that nobody took in time. */
  readonly lostLines: () => number;
}

export interface Metrics {
  readonly decision: (outcome: Outcome, snapshot: Snapshot) => void;
  readonly fault: () => void;
  readonly connectionRefused: () => void;
  readonly page: () => Promise<MetricsPage>;
  /** Every metric of the page, for documents. */
  readonly describe: () => readonly MetricDescription[];
}

export function createMetrics({
  version,
  state,
  now,
  isReady,
  connections,
  inflight,
  lostLines,
}: Measured): Metrics {
  const registry = createMetricRegistry();
  const { gauge, counter } = registry;
  const decisions = createDecisionMetrics(registry, now);
  let faults = 0;
  let refused = 0;
  counter(
    {
      name: "tenuo_faults_total",
      help: "Errors that should not be possible; the log has an event fault for each",
    },
    () => [[faults]],
  );
  registerStateMetrics(registry, state, now);
  gauge({ name: "tenuo_ready", help: "What /ready tells: 1 for ready, else 0" }, () => [[Number(isReady())]]);
  gauge({ name: "tenuo_build_info", help: "1, by the version that runs", labels: ["version"] }, () => [
    [1, version],
  ]);
  gauge({ name: "tenuo_connections", help: "Open connections on the port of the checks" }, () => [
    [connections()],
  ]);
  gauge({ name: "tenuo_checks_inflight", help: "Checks taken and not finished" }, () => [[inflight()]]);
  counter(
    {
      name: "tenuo_connections_refused_total",
      help: "Connections closed at once, since there were too many",
    },
    () => [[refused]],
  );
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
    connectionRefused: () => void refused++,
    page: seldomMade(async () => {
      const page = await registry.page();
      // Only now, so that what a removed tool counted last is shown once more.
      decisions.forget(state.snapshot());
      return page;
    }),
    describe: registry.describe,
  };
}
