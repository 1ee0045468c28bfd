import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObject,
  Registry,
} from "prom-client";

/** A value and one label value for each label name; an empty one is to Prometheus as if the label weren't there. */
export type Sample = readonly [value: number, ...labels: string[]];

/** What a metric is called and holds. */
export interface MetricName {
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  readonly labels?: readonly string[];
}

/** What a page of documents says of a metric. */
export interface MetricDescription extends Required<MetricName> {
  readonly type: string;
  /** Upper bounds; of histograms only. */
  readonly buckets?: readonly number[];
}

/** In the text format of Prometheus. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** All metrics of one process, as plain data that only this file looks into. */
export type Figures = readonly { readonly type: string }[];

export interface MetricRegistry {
  /** Both are read when somebody asks; without samples nothing but the name is shown. One that throws hides no other. */
  readonly counter: (metric: MetricName, read: () => Iterable<Sample>) => void;
  readonly gauge: (metric: MetricName, read: () => Iterable<Sample>) => void;
  /** @returns what takes a value */
  readonly histogram: (metric: MetricName, buckets: readonly number[]) => (value: number) => void;
  /** @param others of other processes, which become one with those of this one */
  readonly page: (others?: readonly Figures[]) => Promise<MetricsPage>;
  readonly figures: () => Promise<Figures>;
  readonly describe: () => readonly MetricDescription[];
}

/** Also measures the process from now on: memory, processor, garbage collection, lag of the event loop. */
export function createMetricRegistry(): MetricRegistry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const metric of registry.getMetricsAsArray() as unknown as Described[])
    metric.aggregator = togetherBy(metric);
  return {
    counter: ({ name, help, labels = [] }, read) => {
      const counter: Counter = new Counter({
        name,
        help,
        registers,
        labelNames: [...labels],
        collect: () => refill(counter, labels, read, (...sample) => counter.inc(...sample)),
      });
    },
    gauge: ({ name, help, labels = [] }, read) => {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers,
        labelNames: [...labels],
        collect: () => refill(gauge, labels, read, (...sample) => gauge.set(...sample)),
      });
    },
    histogram: ({ name, help }, buckets) => {
      const histogram = new Histogram({ name, help, registers, buckets: [...buckets] });
      return (value) => histogram.observe(value);
    },
    page: async (others = []) => ({
      contentType: registry.contentType,
      body:
        others.length === 0
          ? await registry.metrics()
          : await AggregatorRegistry.aggregate([await figuresOf(registry), ...others]).metrics(),
    }),
    figures: () => figuresOf(registry),
    describe: () => registry.getMetricsAsArray().map((metric) => description(metric as unknown as Described)),
  };
}

/** What processes that have gone counted, so that no counter goes back: only counters and histograms of `all`, summed. */
export function countedBy(all: readonly Figures[]): Promise<Figures> {
  const counts = all.map((figures) =>
    figures.filter(({ type }) => type === "counter" || type === "histogram"),
  );
  return figuresOf(AggregatorRegistry.aggregate(counts));
}

async function figuresOf(registry: Registry): Promise<Figures> {
  return (await registry.getMetricsAsJSON()) as unknown as Figures;
}

/** How those of several processes become one: summed, but that the busiest shall show, and the first was started first. */
function togetherBy({ aggregator }: Described): Described["aggregator"] {
  if (aggregator === "average") return "max";
  return aggregator === "omit" ? "first" : aggregator;
}

function refill(
  metric: Counter | Gauge,
  names: readonly string[],
  read: () => Iterable<Sample>,
  add: (labels: Record<string, string>, value: number) => void,
): void {
  metric.reset();
  // Without labels a reset leaves a 0 that nobody has read.
  if (names.length === 0) metric.remove();
  try {
    for (const [value, ...labels] of read()) {
      add(Object.fromEntries(names.map((name, i) => [name, labels[i] ?? ""])), value);
    }
  } catch {
    // What can't be read is missing from the page, and the rest is there.
  }
}

/** Every metric has these; the types of the package leave them out. */
type Described = MetricObject & {
  readonly labelNames: readonly string[];
  readonly upperBounds?: readonly number[];
  aggregator: MetricObject["aggregator"];
};

function description({ name, help, type, labelNames, upperBounds }: Described): MetricDescription {
  return { name, help, type: String(type), labels: labelNames, ...(upperBounds && { buckets: upperBounds }) };
}
