import type { FleetName } from '../brands.ts';
import { type FieldChanges, type InputField, type Provenance, inputField, isProblemField } from '../inputs.ts';
import { parseObjectKey } from '../object-key.ts';
import type { Change, StoredObject } from '../source.ts';
import type { Problem } from '../problem.ts';
import type { TakenChanges } from './field-record.ts';
import { type FleetService, FleetState, type ServiceChanges, problemField } from './fleet-state.ts';
import { type KnownPod, readPod } from './known-pod.ts';
import { CertificateReader } from './read-certificates.ts';
import { readConfig } from './read-config.ts';
import { readServices } from './read-services.ts';
import { ServiceIndex } from './service-index.ts';

interface ConfiguredFleet {
  readonly state: FleetState;
  readonly certificates: CertificateReader;
}

/**
 * What is known of the cluster, and what it means for each fleet.
 *
 * Objects come in as a full state or as changes; each fleet's input fields come out, kept up to date at the cost of
 * what changed. Pods are held by namespace and parsed once. A fleet's own four objects are looked at again after
 * each batch that touched them, so that a certificate and its key that arrive together are read together.
 * A value that cannot be used becomes a problem and leaves the last good one where it is.
 */
export class Cluster {
  readonly #fleets: ReadonlyMap<FleetName, ConfiguredFleet>;
  /** Which fleet an object configures. */
  readonly #configures = new Map<string, ConfiguredFleet>();
  readonly #index = new ServiceIndex<FleetService>();
  readonly #pods = new Map<string, Map<string, KnownPod>>();
  /** The stored texts of the objects that configure fleets. */
  readonly #texts = new Map<string, string>();
  #touched = new Map<string, number>();

  constructor(fleets: readonly FleetName[]) {
    this.#fleets = new Map(fleets.map((fleet) => [fleet, configuredFleet(fleet)]));
    for (const fleet of this.#fleets.values()) {
      for (const path of Object.values(fleet.state.objects) as string[]) this.#configures.set(path, fleet);
    }
  }

  /** Takes a full state; what is not in it is gone. */
  replace(objects: readonly StoredObject[], index: number): void {
    const present = new Set<string>();
    for (const { path, text, index: at } of objects) {
      present.add(path);
      this.#put(path, text, at);
    }
    for (const [namespace, pods] of this.#pods) {
      for (const name of pods.keys()) {
        if (!present.has(`pods/${namespace}/${name}`)) this.#deletePod(namespace, name, index);
      }
    }
    for (const path of this.#configures.keys()) {
      if (!present.has(path)) this.#texts.delete(path);
      // Each one is judged at least once, so that a missing one is told.
      if (!this.#touched.has(path)) this.#touched.set(path, index);
    }
    this.#judge();
  }

  /** Takes changes in their order. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'put') this.#put(change.path, change.text, change.index);
      else this.#delete(change.path, change.index);
    }
    this.#judge();
  }

  /** A fleet's fields that differ from the last call, and what caused it. While the fleet is held, only problems. */
  takeChanges(fleet: FleetName): TakenChanges {
    const { record } = this.#stateOf(fleet);
    return this.isHeld(fleet) ? record.take(isProblemField) : record.take();
  }

  /** Whether `takeChanges` may have something to give. */
  hasChanges(fleet: FleetName): boolean {
    return this.#stateOf(fleet).record.touched;
  }

  /**
   * Whether the fleet's inputs have to stay as they were written last, its pods too: the store holds neither of its
   * configmaps, though there are good values of them. Such a store more likely lost its data than that a fleet was
   * meant to end, and what its pods are then says nothing.
   */
  isHeld(fleet: FleetName): boolean {
    const state = this.#stateOf(fleet);
    const { services, config } = state.objects;
    return state.hasGoodValues && !this.#texts.has(services) && !this.#texts.has(config);
  }

  /** Every field of a fleet. The iterator is only good until the next change. */
  allFields(fleet: FleetName): IterableIterator<[InputField, string]> {
    return this.#stateOf(fleet).record.entries();
  }

  countFields(fleet: FleetName): number {
    return this.#stateOf(fleet).record.size;
  }

  /** Last good values from before this process began, for what has no good value in it. */
  seed(fleet: FleetName, lastGood: FieldChanges | ReadonlyMap<InputField, string>): void {
    const values = [...lastGood].filter((pair): pair is [string, string] => pair[1] !== null);
    const state = this.#stateOf(fleet);
    const added = state.seed(new Map(values));
    this.#select({ removed: [], added }, { object: state.objects.services, index: 0 });
  }

  #stateOf(fleet: FleetName): FleetState {
    const known = this.#fleets.get(fleet);
    if (!known) throw new RangeError(`fleet ${fleet} is not followed here`);
    return known.state;
  }

  #put(path: string, text: string, index: number): void {
    if (this.#configures.has(path)) {
      if (this.#texts.get(path) === text) return;
      this.#texts.set(path, text);
      this.#touched.set(path, index);
      return;
    }
    const key = parseObjectKey(path);
    if (key?.resource !== 'pods') return;
    const before = this.#pods.get(key.namespace)?.get(key.name);
    if (before?.kind === 'ready' && before.text === text) return;
    this.#setPod(key.namespace, key.name, readPod(text), index);
  }

  #delete(path: string, index: number): void {
    const [resource = '', namespace, name] = path.split('/');
    for (const configured of this.#configures.keys()) {
      if (isAtOrBelow(configured, path) && this.#texts.delete(configured)) this.#touched.set(configured, index);
    }
    if (resource !== '' && resource !== 'pods') return;
    if (namespace !== undefined && name !== undefined) {
      this.#deletePod(namespace, name, index);
      return;
    }
    for (const [each, pods] of this.#pods) {
      if (namespace !== undefined && each !== namespace) continue;
      for (const gone of pods.keys()) this.#deletePod(each, gone, index);
    }
  }

  #setPod(namespace: string, name: string, pod: KnownPod, index: number): void {
    let pods = this.#pods.get(namespace);
    if (!pods) this.#pods.set(namespace, (pods = new Map<string, KnownPod>()));
    const before = pods.get(name);
    pods.set(name, pod);
    this.#movePod(namespace, name, before, pod, index);
  }

  #deletePod(namespace: string, name: string, index: number): void {
    const pods = this.#pods.get(namespace);
    const before = pods?.get(name);
    if (!pods || !before) return;
    pods.delete(name);
    if (pods.size === 0) this.#pods.delete(namespace);
    this.#movePod(namespace, name, before, undefined, index);
  }

  /** Carries a pod's change into the fleets whose services it is or was in. */
  #movePod(namespace: string, name: string, before: KnownPod | undefined, now: KnownPod | undefined, index: number) {
    const cause = { object: `pods/${namespace}/${name}`, index };
    const selecting = new Set(now?.kind === 'ready' ? this.#index.matching(namespace, now.labels) : []);
    if (before?.kind === 'ready') {
      for (const service of this.#index.matching(namespace, before.labels)) {
        if (!selecting.has(service)) setMember(service, name, undefined, cause);
      }
    }
    if (now?.kind === 'ready') for (const service of selecting) setMember(service, name, now.text, cause);
    if (before?.kind !== 'unreadable' && now?.kind !== 'unreadable') return;
    for (const { state } of this.#fleets.values()) {
      if (state.serves(namespace)) setPodProblem(state, cause, now);
    }
  }

  /** Looks again at the objects that were touched since the last time. */
  #judge(): void {
    const touched = this.#touched;
    this.#touched = new Map();
    for (const { state, certificates } of this.#fleets.values()) {
      const { objects } = state;
      const text = (path: string): string | undefined => this.#texts.get(path);
      const cause = (...paths: string[]): Provenance | undefined => {
        const object = paths.find((path) => touched.has(path));
        return object === undefined ? undefined : { object, index: touched.get(object) ?? 0 };
      };
      const services = cause(objects.services);
      const config = cause(objects.config);
      const pairs = cause(objects.certificates, objects.keys);
      if (services) {
        const verdict = readServices(objects.services, text(objects.services));
        this.#select(state.takeServices(verdict, services), services);
      }
      if (config) state.takeConfig(readConfig(objects.config, text(objects.config)), config);
      if (pairs) state.takeCertificates(certificates.read(text(objects.certificates), text(objects.keys)), pairs);
    }
  }

  /** Selects the pods of services that came, went or changed, going over the pods of each namespace once. */
  #select({ removed, added }: ServiceChanges, cause: Provenance): void {
    const before = new ServiceIndex<FleetService>();
    const now = new ServiceIndex<FleetService>();
    for (const service of removed) {
      this.#index.remove(service);
      before.add(service);
    }
    for (const service of added) {
      this.#index.add(service);
      now.add(service);
    }
    const states = new Set([...removed, ...added].map(({ fleet }) => fleet));
    // All that goes goes first: a service that moved to another namespace may find pods of the same names there.
    this.#selectIn(before, undefined, states, cause);
    this.#selectIn(now, 'member', states, cause);
  }

  #selectIn(
    index: ServiceIndex<FleetService>,
    membership: 'member' | undefined,
    states: Iterable<FleetState>,
    cause: Provenance,
  ): void {
    for (const namespace of index.namespaces()) {
      for (const [name, pod] of this.#pods.get(namespace) ?? []) {
        if (pod.kind === 'ready') {
          const text = membership && pod.text;
          for (const service of index.matching(namespace, pod.labels)) setMember(service, name, text, cause);
        } else if (pod.kind === 'unreadable') {
          const told = { object: `pods/${namespace}/${name}`, index: cause.index };
          for (const state of states) setPodProblem(state, told, state.serves(namespace) ? pod : undefined);
        }
      }
    }
  }
}

function configuredFleet(fleet: FleetName): ConfiguredFleet {
  const state = new FleetState(fleet);
  return { state, certificates: new CertificateReader(state.objects.certificates, state.objects.keys) };
}

function setMember(service: FleetService, pod: string, text: string | undefined, cause: Provenance): void {
  service.fleet.record.set(inputField('pod', service.name, pod), text, cause);
}

/** A pod that cannot be read could be a backend of any service of its namespace, so its fleets are told. */
function setPodProblem(state: FleetState, cause: Provenance, pod: KnownPod | undefined): void {
  const problem: Problem | undefined =
    pod?.kind === 'unreadable' ? { object: cause.object, code: 'not-json', reason: pod.reason } : undefined;
  state.record.set(problemField({ object: cause.object }), problem && JSON.stringify(problem), cause);
}

/** Whether an object lies at a path or below it; the empty path is above everything. */
const isAtOrBelow = (object: string, path: string): boolean =>
  path === '' || object === path || object.startsWith(`${path}/`);
