import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

/** An app's metrics, all named `flotilla_…`, with the process's own beside them. */
export interface Metrics {
  readonly registry: Registry;
  /** Labels by the values they can have: a counter stands at 0 for each of them from the start. */
  counter<Label extends string = never>(name: string, help: string, labels?: Labels<Label>): Counter<Label>;
  gauge<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Gauge<Label>;
  /** Seconds, unless the name says otherwise. */
  histogram<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Histogram<Label>;
}

/** Names of labels, or each with its values where these are known beforehand. */
export type Labels<Label extends string> = readonly Label[] | Readonly<Record<Label, readonly string[]>>;

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Measured by default under names that end in `_total` and yet can fall, beside the same under better names. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** `common` are labels of every metric, such as the node's name. */
export function createMetrics(common: Readonly<Record<string, string>> = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(common);
  // A look at the event loop every 50 ms: the default of 10 ms wakes an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const named = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) => ({
    name: `flotilla_${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  return {
    registry,
    counter: <Label extends string>(name: string, help: string, labels: Labels<Label> = []) => {
      if (isList(labels)) return new Counter(named(name, help, labels));
      const counter = new Counter(named(name, help, Object.keys(labels) as Label[]));
      for (const each of combinations(labels)) counter.inc(each, 0);
      return counter;
    },
    gauge: (name, help, labels) => new Gauge(named(name, help, labels)),
    histogram: (name, help, labels) => new Histogram({ ...named(name, help, labels), buckets: secondsBuckets }),
  };
}

const isList = <Label extends string>(labels: Labels<Label>): labels is readonly Label[] => Array.isArray(labels);

/** Every way to give each label one of its values. */
function combinations<Label extends string>(
  labels: Readonly<Record<Label, readonly string[]>>,
): Partial<Record<Label, string>>[] {
  let found: Partial<Record<Label, string>>[] = [{}];
  for (const [label, values] of Object.entries(labels) as [Label, readonly string[]][]) {
    found = found.flatMap((before) => values.map((value) => ({ ...before, [label]: value })));
  }
  return found;
}
