import type { StateView } from "../state/state.ts";
import { type CheckMeasured, type CheckMetrics, registerCheckMetrics } from "./check-metrics.ts";
import {
  createMetricRegistry,
  type Figures,
  type MetricDescription,
  type MetricsPage,
} from "./metric-registry.ts";
import { seldomMade } from "./seldom-made.ts";
import { registerStateMetrics } from "./state-metrics.ts";

/** What is measured; read when somebody asks. */
export interface Measured extends CheckMeasured {
  readonly version: string;
  readonly state: StateView;
  readonly isReady: () => boolean;
  /** Others that answer the checks; none where this process does. */
  readonly workers?: MeasuredWorkers | undefined;
}

export interface MeasuredWorkers {
  /** How many run. */
  readonly size: () => number;
  /** How many ended unasked. */
  readonly lost: () => number;
  /** What they measured, and those that have gone. */
  readonly figures: () => Promise<readonly Figures[]>;
}

export interface Metrics extends Omit<CheckMetrics, "forget"> {
  readonly connectionRefused: () => void;
  readonly page: () => Promise<MetricsPage>;
  /** Every metric of the page, for documents. */
  readonly describe: () => readonly MetricDescription[];
}

/** All of the service, for whoever has the page. */
export function createMetrics(measured: Measured): Metrics {
  const { version, state, now, isReady, workers } = measured;
  const registry = createMetricRegistry();
  const { gauge, counter } = registry;
  const checks = registerCheckMetrics(registry, measured);
  let refused = 0;
  registerStateMetrics(registry, state, now);
  gauge({ name: "tenuo_ready", help: "What /ready tells: 1 for ready, else 0" }, () => [[Number(isReady())]]);
  gauge({ name: "tenuo_build_info", help: "1, by the version that runs", labels: ["version"] }, () => [
    [1, version],
  ]);
  gauge({ name: "tenuo_workers", help: "Processes that answer checks" }, () => [[workers?.size() ?? 1]]);
  counter(
    {
      name: "tenuo_workers_lost_total",
      help: "Processes that answered checks and ended unasked; another takes the place of each",
    },
    () => [[workers?.lost() ?? 0]],
  );
  counter(
    {
      name: "tenuo_connections_refused_total",
      help: "Connections closed at once, since there were too many",
    },
    () => [[refused]],
  );
  return {
    decision: checks.decision,
    fault: checks.fault,
    connectionCutOff: checks.connectionCutOff,
    connectionRefused: () => void refused++,
    page: seldomMade(async () => {
      const page = await registry.page(await workers?.figures());
      // Only now, so that what a removed tool counted last is shown once more.
      checks.forget(state.snapshot());
      return page;
    }),
    describe: registry.describe,
  };
}
