import { type Labels, matches } from '../selector.ts';

export interface Selecting {
  readonly namespace: string;
  readonly selector: Labels;
}

/**
 * Finds the services that select a pod without asking each of them.
 *
 * A service stands in one bucket only: that of one pair of its selector. A pod looks into the buckets of its own
 * labels and checks whole selectors there. The pair is the one whose bucket is smallest at the time, so a label
 * that all services share does not collect them.
 */
export class ServiceIndex<Service extends Selecting> {
  readonly #namespaces = new Map<string, Map<string, Set<Service>>>();
  readonly #bucketOf = new Map<Service, string>();

  add(service: Service): void {
    let buckets = this.#namespaces.get(service.namespace);
    if (!buckets) this.#namespaces.set(service.namespace, (buckets = new Map<string, Set<Service>>()));
    const name = smallestBucket(service.selector, buckets);
    const bucket = buckets.get(name);
    if (bucket) bucket.add(service);
    else buckets.set(name, new Set([service]));
    this.#bucketOf.set(service, name);
  }

  remove(service: Service): void {
    const name = this.#bucketOf.get(service);
    if (name === undefined) return;
    this.#bucketOf.delete(service);
    const buckets = this.#namespaces.get(service.namespace);
    const bucket = buckets?.get(name);
    bucket?.delete(service);
    if (bucket?.size === 0) buckets?.delete(name);
    if (buckets?.size === 0) this.#namespaces.delete(service.namespace);
  }

  /** The services that select a pod with these labels, in no particular order. */
  matching(namespace: string, labels: Labels): Service[] {
    const buckets = this.#namespaces.get(namespace);
    if (!buckets) return [];
    const found = [...(buckets.get(everyPod) ?? [])];
    for (const label in labels) {
      for (const service of buckets.get(pair(label, labels[label] ?? '')) ?? []) {
        if (matches(service.selector, labels)) found.push(service);
      }
    }
    return found;
  }

  namespaces(): Iterable<string> {
    return this.#namespaces.keys();
  }
}

/** The bucket of `{}`, which selects every pod of the namespace. No pair looks like it. */
const everyPod = '';

const pair = (label: string, value: string): string => `${label}\0${value}`;

function smallestBucket(selector: Labels, buckets: ReadonlyMap<string, ReadonlySet<unknown>>): string {
  let best = everyPod;
  let bestSize = Infinity;
  for (const [label, value] of Object.entries(selector)) {
    const name = pair(label, value);
    const size = buckets.get(name)?.size ?? 0;
    if (size < bestSize) [best, bestSize] = [name, size];
  }
  return best;
}
