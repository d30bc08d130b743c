import type { FleetName } from '../brands.ts';
import { type FleetHold, holdField, holdReason, isNoteField, parseHold } from '../fleet-hold.ts';
import { type InputField, type Provenance, inputField } from '../inputs.ts';
import { parseObjectKey } from '../object-key.ts';
import type { Change, StoredObject } from '../source.ts';
import type { TakenChanges } from './field-record.ts';
import { type FleetService, FleetState, type ServiceChanges, type WrittenInputs } from './fleet-state.ts';
import { type KnownPod, podProblem, readPod } from './known-pod.ts';
import { CertificateReader } from './read-certificates.ts';
import { readConfig } from './read-config.ts';
import { readServices } from './read-services.ts';
import { ServiceIndex } from './service-index.ts';

export interface ClusterOptions {
  /** How long what was deleted serves on, so that it can be created again. Default one hour. */
  readonly graceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

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
 *
 * A fleet is **held** when the store holds neither of its configmaps though it had them, or when the store was set back
 * and lacks something that the fleet had. Such a store more likely lost its data than that anybody meant it, and what
 * its pods are then says nothing. All of the fleet's fields stay until `endHold`; only what is told about it changes.
 */
export class Cluster {
  readonly #fleets: ReadonlyMap<FleetName, ConfiguredFleet>;
  /** Which fleet an object configures. */
  readonly #configures = new Map<string, ConfiguredFleet>();
  readonly #index = new ServiceIndex<FleetService>();
  readonly #pods = new Map<string, Map<string, KnownPod>>();
  /** The stored texts of the objects that configure fleets. */
  readonly #texts = new Map<string, string>();
  readonly #now: () => number;
  #touched = new Map<string, number>();
  /** The store's index that all of this stands at. */
  #at = 0;

  constructor(fleets: readonly FleetName[], { graceMs = 3_600_000, now = Date.now }: ClusterOptions = {}) {
    this.#now = now;
    this.#fleets = new Map(fleets.map((fleet) => [fleet, configuredFleet(fleet, { graceMs, now })]));
    for (const fleet of this.#fleets.values()) {
      for (const path of Object.values(fleet.state.objects) as string[]) this.#configures.set(path, fleet);
    }
  }

  /** Takes a full state; what is not in it is gone. */
  replace(objects: readonly StoredObject[], index: number): void {
    const isSetBack = index < this.#at;
    this.#at = index;
    const present = new Set(objects.map(({ path }) => path));
    for (const { path, text } of objects) this.#putText(path, text, index);
    for (const path of this.#configures.keys()) {
      if (!present.has(path)) this.#texts.delete(path);
      // Each one is judged, so that a missing one is told, and what is good now is known to be good at this index.
      this.#touched.set(path, index);
    }
    this.#holdWhatIsGone();
    const suspect: FleetName[] = [];
    for (const { state } of this.#fleets.values()) {
      state.forgetIndexes();
      if (!isSetBack || state.hold || state.had.length === 0) continue;
      this.#beginHold(state);
      suspect.push(state.fleet);
    }
    for (const { path, text, index: at } of objects) this.#putPod(path, text, at);
    for (const [namespace, pods] of this.#pods) {
      for (const name of pods.keys()) {
        if (!present.has(`pods/${namespace}/${name}`)) this.#deletePod(namespace, name, index);
      }
    }
    this.#judge();
    // A store that was set back and has everything is as good as any.
    for (const fleet of suspect) if (this.lacks(fleet).length === 0) this.endHold(fleet);
  }

  /** Takes changes in their order. */
  apply(changes: readonly Change[]): void {
    // The configmaps first: when they are gone, the pods that went with them are not believed either.
    for (const change of changes) {
      if (change.kind === 'put') this.#putText(change.path, change.text, change.index);
      else this.#deleteTexts(change.path, change.index);
      this.#at = Math.max(this.#at, change.index);
    }
    this.#holdWhatIsGone();
    for (const change of changes) {
      if (change.kind === 'put') this.#putPod(change.path, change.text, change.index);
      else this.#deletePods(change.path, change.index);
    }
    this.#judge();
  }

  /** A fleet's fields that differ from the last call, and what caused it. While the fleet is held, only what is told. */
  takeChanges(fleet: FleetName): TakenChanges {
    const { record, hold } = this.#stateOf(fleet);
    return hold ? record.take(isNoteField) : record.take();
  }

  /** Later changes are counted from the fields as they are now: all of them are compared with what was written. */
  takeAll(fleet: FleetName): TakenChanges {
    return this.#stateOf(fleet).record.take();
  }

  /** Whether `takeChanges` may have something to give. */
  hasChanges(fleet: FleetName): boolean {
    return this.#stateOf(fleet).record.touched;
  }

  hold(fleet: FleetName): FleetHold | undefined {
    return this.#stateOf(fleet).hold;
  }

  /** What a held fleet had and the store has not, now; it is told with the hold. Empty for a fleet that is not held. */
  lacks(fleet: FleetName): readonly string[] {
    const state = this.#stateOf(fleet);
    if (!state.hold) return [];
    const missing = state.had.filter((path) => !this.#texts.has(path));
    if (state.hadPods && !this.#hasPods(state)) missing.push('pods');
    if (missing.join() !== state.hold.missing.join()) this.#setHold(state, state.hold.since, missing);
    return missing;
  }

  /** What the store says counts again. */
  endHold(fleet: FleetName): void {
    const state = this.#stateOf(fleet);
    if (!state.hold) return;
    const cause = this.#causeOf(state);
    state.endHold(cause);
    for (const service of state.services()) this.#index.add(service);
    this.#selectAnew(state, cause);
    state.conclude(cause);
  }

  /** An operator says that the store is right: no hold, and what is missing is gone. */
  believe(fleet: FleetName): void {
    this.endHold(fleet);
    const state = this.#stateOf(fleet);
    const cause = this.#causeOf(state);
    this.#select(state.believe(cause), cause);
    state.conclude(cause);
  }

  /** The fields that tell what is missing and serves on, with their times. */
  missing(fleet: FleetName): ReadonlyMap<InputField, string> {
    return new Map(
      this.#stateOf(fleet)
        .missing.entries()
        .map(([field, { since }]) => [field, since]),
    );
  }

  /** What is missing by these fields, and what was missing for too long, goes. Nothing goes from a fleet that is held. */
  letGo(fleet: FleetName, fields: Iterable<InputField> = []): void {
    const state = this.#stateOf(fleet);
    if (state.hold) return;
    const going = new Set([...state.missing.over(), ...fields]);
    if (going.size === 0) return;
    const cause = this.#causeOf(state);
    for (const field of going) this.#select(state.letGo(field, cause), cause);
    state.conclude(cause);
  }

  /** The fields that stand in for entries that cannot be used; none of a fleet that is held. */
  keptFields(fleet: FleetName): readonly InputField[] {
    const state = this.#stateOf(fleet);
    return state.hold ? [] : state.keptFields;
  }

  /** What stands in for these entries was refused: what was accepted before takes its place, or nothing (null). */
  fallBack(fleet: FleetName, accepted: ReadonlyMap<InputField, string | null>): void {
    const state = this.#stateOf(fleet);
    if (state.hold) return;
    const cause = this.#causeOf(state);
    this.#select(state.fallBack(accepted, cause), cause);
    state.conclude(cause);
  }

  /** Every field of a fleet. The iterator is only good until the next change. */
  allFields(fleet: FleetName): IterableIterator<[InputField, string]> {
    return this.#stateOf(fleet).record.entries();
  }

  countFields(fleet: FleetName): number {
    return this.#stateOf(fleet).record.size;
  }

  /**
   * Goes on from what was written for the fleet by whoever led before. A hold that was written goes on; one begins when
   * the store lacks what was written as `Cluster` says. `newest` is the highest index that the store has shown.
   */
  takeOver(fleet: FleetName, written: WrittenInputs, newest: number): void {
    const state = this.#stateOf(fleet);
    const cause = this.#causeOf(state);
    const hold = parseHold(written.fields.get(holdField) ?? '');
    const isSetBack = newest < written.index;
    if (!state.hold && !hold && !isSetBack) {
      this.#select(state.adopt(written, cause), cause);
      this.#holdWhatIsGone();
      if (!state.hold) {
        state.conclude(cause);
        return;
      }
    }
    const since = hold?.since ?? state.hold?.since;
    for (const service of state.services()) this.#index.remove(service);
    state.adoptWhole(written, cause);
    this.#setHold(state, since, hold?.missing ?? []);
    this.#tellPodProblems(state, cause);
    state.conclude(cause);
    if (this.lacks(fleet).length === 0 && since === undefined) this.endHold(fleet);
  }

  #stateOf(fleet: FleetName): FleetState {
    const known = this.#fleets.get(fleet);
    if (!known) throw new RangeError(`fleet ${fleet} is not followed here`);
    return known.state;
  }

  #putText(path: string, text: string, index: number): void {
    if (!this.#configures.has(path) || this.#texts.get(path) === text) return;
    this.#texts.set(path, text);
    this.#touched.set(path, index);
  }

  #putPod(path: string, text: string, index: number): void {
    const key = parseObjectKey(path);
    if (key?.resource !== 'pods') return;
    const before = this.#pods.get(key.namespace)?.get(key.name);
    if (before?.kind === 'ready' && before.text === text) return;
    this.#setPod(key.namespace, key.name, readPod(text, key), index);
  }

  #deleteTexts(path: string, index: number): void {
    for (const configured of this.#configures.keys()) {
      if (isAtOrBelow(configured, path) && this.#texts.delete(configured)) this.#touched.set(configured, index);
    }
  }

  #deletePods(path: string, index: number): void {
    const [resource = '', namespace, name] = path.split('/');
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

  #holdWhatIsGone(): void {
    for (const { state } of this.#fleets.values()) {
      const { services, config } = state.objects;
      const isGone = !this.#texts.has(services) && !this.#texts.has(config);
      if (isGone && state.had.some((path) => path === services || path === config)) this.#beginHold(state);
    }
  }

  #beginHold(state: FleetState): void {
    if (state.hold) return;
    for (const service of state.services()) this.#index.remove(service);
    const { services, config } = state.objects;
    this.#setHold(
      state,
      undefined,
      [services, config].filter((path) => !this.#texts.has(path)),
    );
  }

  #setHold(state: FleetState, since: string | undefined, missing: readonly string[]): void {
    const at = since ?? new Date(this.#now()).toISOString();
    state.setHold({ since: at, missing, reason: holdReason(state.fleet, missing) }, this.#causeOf(state));
  }

  /** What it is put down to when no object's change is the cause. */
  #causeOf({ objects }: FleetState): Provenance {
    return { object: objects.config, index: this.#at };
  }

  /** Whether there is any pod for the services that a held fleet will have. */
  #hasPods(state: FleetState): boolean {
    const index = new ServiceIndex<FleetService>();
    for (const service of state.comingServices()) index.add(service);
    for (const namespace of index.namespaces()) {
      for (const pod of this.#pods.get(namespace)?.values() ?? []) {
        if (pod.kind === 'ready' && index.matching(namespace, pod.labels).length > 0) return true;
      }
    }
    return false;
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
        if (object === undefined) return undefined;
        return { object, index: Math.max(...paths.map((path) => touched.get(path) ?? 0)) };
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
      const any = services ?? config ?? pairs;
      if (any) state.conclude(any);
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

  /** Selects all pods of one fleet, whatever its fields have been. Its services are in the index. */
  #selectAnew(state: FleetState, cause: Provenance): void {
    const index = new ServiceIndex<FleetService>();
    for (const service of state.services()) index.add(service);
    const stale = new Set<InputField>();
    for (const [field] of state.record.entries()) if (field.startsWith('pod/')) stale.add(field);
    for (const namespace of index.namespaces()) {
      for (const [name, pod] of this.#pods.get(namespace) ?? []) {
        if (pod.kind !== 'ready') continue;
        for (const service of index.matching(namespace, pod.labels)) {
          setMember(service, name, pod.text, cause);
          stale.delete(inputField('pod', service.name, name));
        }
      }
    }
    for (const field of stale) state.record.set(field, undefined, cause);
    this.#tellPodProblems(state, cause);
  }

  #tellPodProblems(state: FleetState, cause: Provenance): void {
    for (const [namespace, pods] of this.#pods) {
      for (const [name, pod] of pods) {
        if (pod.kind !== 'unreadable') continue;
        const told = { object: `pods/${namespace}/${name}`, index: cause.index };
        setPodProblem(state, told, state.serves(namespace) ? pod : undefined);
      }
    }
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

function configuredFleet(fleet: FleetName, options: Required<ClusterOptions>): ConfiguredFleet {
  const state = new FleetState(fleet, options);
  return { state, certificates: new CertificateReader(state.objects.certificates, state.objects.keys) };
}

function setMember(service: FleetService, pod: string, text: string | undefined, cause: Provenance): void {
  service.fleet.record.set(inputField('pod', service.name, pod), text, cause);
}

/** A pod that cannot be read could be a backend of any service of its namespace, so its fleets are told. */
function setPodProblem(state: FleetState, cause: Provenance, pod: KnownPod | undefined): void {
  const problem = podProblem(cause.object, pod);
  state.record.set(inputField('problem', cause.object), problem && JSON.stringify(problem), cause);
}

/** Whether an object lies at a path or below it; the empty path is above everything. */
const isAtOrBelow = (object: string, path: string): boolean =>
  path === '' || object === path || object.startsWith(`${path}/`);
