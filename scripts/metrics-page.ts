import { createMetrics, type Measured } from "../src/server/metrics/metrics.ts";
import type { StateView } from "../src/server/state/state.ts";
import { code, table } from "./markdown.ts";

const INTRODUCTION = `# Metrics

What \`/metrics\` on the health port shows, in the text format of Prometheus. Names, labels and their values follow
SemVer. No label holds anything that a client can choose. What to look at, and alerts: [operations.md](../operations.md#metrics-and-alerts).
Made from the code by \`npm run generate\`.
`;

/** Nothing is measured for a description. */
const UNMEASURED: Measured = {
  version: "",
  state: {} as StateView,
  now: () => 0,
  isReady: () => false,
  connections: () => 0,
  inflight: () => 0,
  lostLines: () => 0,
};

/** Every metric with its labels and buckets, as Markdown. */
export function metricsPage(): string {
  const metrics = createMetrics(UNMEASURED).describe();
  const rowsOf = (ours: boolean) =>
    metrics
      .filter(({ name }) => name.startsWith("tenuo_") === ours)
      .map(({ name, type, labels, help }) => [code(name), type, labels.map(code).join(", "), help]);
  const buckets = metrics
    .filter(({ name }) => name.startsWith("tenuo_"))
    .flatMap(({ name, buckets: bounds }) => (bounds === undefined ? [] : [[code(name), bounds.join(", ")]]));
  const head = ["metric", "type", "labels", "meaning"];
  return [
    INTRODUCTION,
    `## Of the service\n\n${table(head, rowsOf(true))}`,
    `### Buckets\n\nUpper bounds in seconds.\n\n${table(["histogram", "buckets"], buckets)}`,
    `## Of the process\n\nAs \`prom-client\` measures them. With \`--workers\` they are summed over all processes, but for the lag of the event loop, of which the longest is shown, and what was there first: start and version.\n\n${table(head, rowsOf(false))}`,
  ].join("\n");
}
