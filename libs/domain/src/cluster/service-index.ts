import { type Labels, matches } from '../selector.ts';

export interface Selecting {
  readonly namespace: string;
  readonly selector: Labels;
}

/** The services of one namespace: those that select every pod, the others by one pair of their selector. */
interface Buckets<Service> {
  readonly everyPod: Set<Service>;
  readonly byLabel: Map<string, Map<string, Set<Service>>>;
}

/**
 * Finds the services that select a pod without asking each of them.
 *
 * A service stands in one bucket only: that of one pair of its selector. A pod looks into the buckets of its own
 * labels and checks whole selectors there. The pair is the one whose bucket is smallest at the time, so a label
 * that all services share does not collect them.
 */
export class ServiceIndex<Service extends Selecting> {
  readonly #namespaces = new Map<string, Buckets<Service>>();
  readonly #bucketOf = new Map<Service, Set<Service>>();

  add(service: Service): void {
    let buckets = this.#namespaces.get(service.namespace);
    if (!buckets) this.#namespaces.set(service.namespace, (buckets = { everyPod: new Set(), byLabel: new Map() }));
    const bucket = smallestBucket(service.selector, buckets);
    bucket.add(service);
    this.#bucketOf.set(service, bucket);
  }

  remove(service: Service): void {
    this.#bucketOf.get(service)?.delete(service);
    if (!this.#bucketOf.delete(service)) return;
    const buckets = this.#namespaces.get(service.namespace);
    if (!buckets) return;
    for (const [label, values] of buckets.byLabel) {
      const value = service.selector[label];
      if (value === undefined || values.get(value)?.size !== 0) continue;
      values.delete(value);
      if (values.size === 0) buckets.byLabel.delete(label);
    }
    if (buckets.everyPod.size === 0 && buckets.byLabel.size === 0) this.#namespaces.delete(service.namespace);
  }

  /** The services that select a pod with these labels, in no particular order. */
  matching(namespace: string, labels: Labels): Service[] {
    const buckets = this.#namespaces.get(namespace);
    if (!buckets) return [];
    const found = [...buckets.everyPod];
    for (const [label, values] of buckets.byLabel) {
      const value = Object.hasOwn(labels, label) ? labels[label] : undefined;
      if (value === undefined) continue;
      for (const service of values.get(value) ?? []) if (matches(service.selector, labels)) found.push(service);
    }
    return found;
  }

  namespaces(): Iterable<string> {
    return this.#namespaces.keys();
  }
}

function smallestBucket<Service>(selector: Labels, { everyPod, byLabel }: Buckets<Service>): Set<Service> {
  let best: { label: string; value: string; size: number } | undefined;
  for (const [label, value] of Object.entries(selector)) {
    const size = byLabel.get(label)?.get(value)?.size ?? 0;
    if (!best || size < best.size) best = { label, value, size };
  }
  if (!best) return everyPod;
  let values = byLabel.get(best.label);
  if (!values) byLabel.set(best.label, (values = new Map<string, Set<Service>>()));
  let bucket = values.get(best.value);
  if (!bucket) values.set(best.value, (bucket = new Set<Service>()));
  return bucket;
}
