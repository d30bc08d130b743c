import { type InputField, type Provenance, inputField, isFieldOf } from '../inputs.ts';
import { type ObjectKey, formatObjectKey } from '../object-key.ts';
import type { FleetService, FleetServices, ServiceChanges } from './fleet-services.ts';
import { type KnownPod, podProblem, readPod } from './known-pod.ts';
import type { EndpointProjection } from './projection.ts';
import { ServiceIndex } from './service-index.ts';

const part = 'pod';
const resource = 'pods';

/** Gives each service the ready pods of its namespace that its selector matches. Each pod is parsed once. */
export class PodProjection implements EndpointProjection {
  readonly #fleets: readonly FleetServices[];
  readonly #index = new ServiceIndex<FleetService>();
  /** By namespace and name. */
  readonly #pods = new Map<string, Map<string, KnownPod>>();

  constructor(fleets: readonly FleetServices[]) {
    this.#fleets = fleets;
  }

  put(key: ObjectKey, text: string, cause: Provenance): void {
    const { namespace, name } = key;
    let pods = this.#pods.get(namespace);
    const before = pods?.get(name);
    if (before?.kind === 'ready' && before.text === text) return;
    if (!pods) this.#pods.set(namespace, (pods = new Map<string, KnownPod>()));
    const pod = readPod(text, key);
    pods.set(name, pod);
    this.#move(key, before, pod, cause);
  }

  delete(key: ObjectKey, cause: Provenance): void {
    const pods = this.#pods.get(key.namespace);
    const before = pods?.get(key.name);
    if (!pods || !before) return;
    pods.delete(key.name);
    if (pods.size === 0) this.#pods.delete(key.namespace);
    this.#move(key, before, undefined, cause);
  }

  paths(): string[] {
    return [...this.#pods].flatMap(([namespace, pods]) => Array.from(pods.keys(), (name) => pathOf(namespace, name)));
  }

  select({ removed, added }: ServiceChanges, cause: Provenance): void {
    for (const service of removed) this.#index.remove(service);
    for (const service of added) this.#index.add(service);
    const fleets = new Set([...removed, ...added].map(({ fleet }) => fleet));
    // All that goes goes first: a service that moved to another namespace may find pods of the same names there.
    this.#selectIn(indexOf(removed), undefined, fleets, cause);
    this.#selectIn(indexOf(added), 'member', fleets, cause);
  }

  withdraw(fleet: FleetServices): void {
    for (const service of fleet.all()) this.#index.remove(service);
  }

  selectAnew(fleet: FleetServices, cause: Provenance): void {
    const services = fleet.all();
    for (const service of services) this.#index.add(service);
    const stale = new Set(podFields(fleet));
    for (const { service, name, pod } of this.#members(indexOf(services))) {
      setMember(service, name, pod.text, cause);
      stale.delete(inputField(part, service.name, name));
    }
    for (const field of stale) fleet.record.set(field, undefined, cause);
    this.tellProblems(fleet, cause);
  }

  tellProblems(fleet: FleetServices, cause: Provenance): void {
    for (const [namespace, pods] of this.#pods) {
      for (const [name, pod] of pods) {
        if (pod.kind === 'unreadable') tellProblem(fleet, namespace, name, pod, cause);
      }
    }
  }

  isIn(fleet: FleetServices): boolean {
    return !podFields(fleet).next().done;
  }

  has(services: readonly FleetService[]): boolean {
    return !this.#members(indexOf(services)).next().done;
  }

  /** Carries a pod's change into the fleets whose services it is or was in. */
  #move(key: ObjectKey, before: KnownPod | undefined, now: KnownPod | undefined, cause: Provenance): void {
    const { namespace, name } = key;
    const selecting = new Set(now?.kind === 'ready' ? this.#index.matching(namespace, now.labels) : []);
    if (before?.kind === 'ready') {
      for (const service of this.#index.matching(namespace, before.labels)) {
        if (!selecting.has(service)) setMember(service, name, undefined, cause);
      }
    }
    if (now?.kind === 'ready') for (const service of selecting) setMember(service, name, now.text, cause);
    if (before?.kind !== 'unreadable' && now?.kind !== 'unreadable') return;
    for (const fleet of this.#fleets) if (fleet.serves(namespace)) setProblem(fleet, cause.object, now, cause);
  }

  /** Goes over the pods of each namespace once. */
  #selectIn(
    index: ServiceIndex<FleetService>,
    membership: 'member' | undefined,
    fleets: Iterable<FleetServices>,
    cause: Provenance,
  ): void {
    for (const { service, name, pod } of this.#members(index)) {
      setMember(service, name, membership && pod.text, cause);
    }
    for (const namespace of index.namespaces()) {
      for (const [name, pod] of this.#pods.get(namespace) ?? []) {
        if (pod.kind !== 'unreadable') continue;
        for (const fleet of fleets) tellProblem(fleet, namespace, name, pod, cause);
      }
    }
  }

  *#members(index: ServiceIndex<FleetService>) {
    for (const namespace of index.namespaces()) {
      for (const [name, pod] of this.#pods.get(namespace) ?? []) {
        if (pod.kind !== 'ready') continue;
        for (const service of index.matching(namespace, pod.labels)) yield { service, name, pod };
      }
    }
  }
}

const pathOf = (namespace: string, name: string): string => formatObjectKey({ resource, namespace, name });

function indexOf(services: readonly FleetService[]): ServiceIndex<FleetService> {
  const index = new ServiceIndex<FleetService>();
  for (const service of services) index.add(service);
  return index;
}

function* podFields({ record }: FleetServices): Generator<InputField, void> {
  for (const [field] of record.entries()) if (isFieldOf(part, field)) yield field;
}

function setMember(service: FleetService, pod: string, text: string | undefined, cause: Provenance): void {
  service.fleet.record.set(inputField(part, service.name, pod), text, cause);
}

/** A pod that cannot be read could be a backend of any service of its namespace, so its fleets are told. */
function tellProblem(fleet: FleetServices, namespace: string, name: string, pod: KnownPod, cause: Provenance): void {
  const object = pathOf(namespace, name);
  setProblem(fleet, object, fleet.serves(namespace) ? pod : undefined, { object, position: cause.position });
}

function setProblem(fleet: FleetServices, object: string, pod: KnownPod | undefined, cause: Provenance): void {
  const problem = podProblem(object, pod);
  fleet.record.set(inputField('problem', object), problem && JSON.stringify(problem), cause);
}
