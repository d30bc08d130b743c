import type { FleetName } from '../brands.ts';
import { type FleetHold, holdField, holdReason, isNoteField, parseHold } from '../fleet-hold.ts';
import type { InputField, Provenance } from '../inputs.ts';
import { parseObjectKey } from '../object-key.ts';
import { type Change, type Source, type SourcePosition, type StoredObject, sourcePosition } from '../source.ts';
import type { TakenChanges } from './field-record.ts';
import { FleetState } from './fleet-state.ts';
import type { EndpointProjection } from './projection.ts';
import { endpointProjections } from './projections.ts';
import type { WrittenInputs } from './written-entries.ts';

export interface ClusterOptions {
  /** How long what was deleted serves on, so that it can be created again. Default one hour. */
  readonly graceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** The source's own order of its positions. */
  readonly comesBefore: Source['comesBefore'];
}

/**
 * What is known of the cluster, and what it means for each fleet.
 *
 * Objects come in as a full state or as changes; each fleet's input fields come out, kept up to date at the cost of
 * what changed. What becomes of an object is its projection's business: entries of what people write for one fleet
 * (`writtenProjections`), or endpoints that fleets get through their services. A fleet's own objects are looked at again
 * after each batch that touched them, so that a certificate and its key that arrive together are read together.
 * A value that cannot be used becomes a problem and leaves the last good one where it is.
 *
 * A fleet is **held** when the store holds none of its vital objects though it had them, or when the store was set back
 * and lacks something that the fleet had. Such a store more likely lost its data than that anybody meant it, and what
 * its endpoints are then says nothing. All of the fleet's fields stay until `endHold`; only what is told about it changes.
 */
export class Cluster {
  readonly #fleets: ReadonlyMap<FleetName, FleetState>;
  /** By the resource that each reads. */
  readonly #endpoints: ReadonlyMap<string, EndpointProjection>;
  /** The stored texts of the objects that people write for a fleet; undefined where there is none. */
  readonly #texts = new Map<string, string | undefined>();
  readonly #now: () => number;
  readonly #comesBefore: Source['comesBefore'];
  #touched = new Map<string, SourcePosition>();
  /** The source's position that all of this stands at. */
  #at = sourcePosition('');

  constructor(fleets: readonly FleetName[], { graceMs = 3_600_000, now = Date.now, comesBefore }: ClusterOptions) {
    this.#now = now;
    this.#comesBefore = comesBefore;
    this.#fleets = new Map(fleets.map((fleet) => [fleet, new FleetState(fleet, { graceMs, now, comesBefore })]));
    const states = [...this.#fleets.values()];
    for (const { entries } of states)
      for (const path of entries.flatMap((each) => each.paths)) this.#texts.set(path, undefined);
    const services = states.map((state) => state.services);
    this.#endpoints = new Map(endpointProjections.map(({ resource, create }) => [resource, create(services)]));
  }

  /** Takes a full state; what is not in it is gone. */
  replace(objects: readonly StoredObject[], position: SourcePosition): void {
    const isSetBack = this.#comesBefore(position, this.#at);
    this.#at = position;
    const texts = new Map(objects.map(({ path, text }) => [path, text]));
    for (const path of this.#texts.keys()) {
      this.#texts.set(path, texts.get(path));
      // Each one is judged, so that a missing one is told, and what is good now is known to be good at this position.
      this.#touched.set(path, position);
    }
    this.#holdWhatIsGone();
    const suspect: FleetName[] = [];
    for (const state of this.#fleets.values()) {
      state.forgetPositions();
      if (!isSetBack || state.hold || state.had.length === 0) continue;
      this.#beginHold(state);
      suspect.push(state.fleet);
    }
    for (const object of objects) this.#changeEndpoint({ kind: 'put', ...object });
    const gone = [...this.#endpoints.values()].flatMap((each) => each.paths()).filter((path) => !texts.has(path));
    for (const path of gone) this.#changeEndpoint({ kind: 'delete', path, position });
    this.#judge();
    // A store that was set back and has everything is as good as any.
    for (const fleet of suspect) if (this.lacks(fleet).length === 0) this.endHold(fleet);
  }

  /** Takes changes in their order. */
  apply(changes: readonly Change[]): void {
    // What people write first: when it is gone, the endpoints that went with it are not believed either.
    for (const change of changes) {
      this.#changeText(change);
      this.#at = this.#later(this.#at, change.position);
    }
    this.#holdWhatIsGone();
    for (const change of changes) this.#changeEndpoint(change);
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
    const missing = state.had.filter((path) => this.#texts.get(path) === undefined);
    for (const [resource, each] of this.#endpoints) {
      if (each.isIn(state.services) && !each.has(state.comingServices())) missing.push(resource);
    }
    if (missing.join() !== state.hold.missing.join()) this.#setHold(state, state.hold.since, missing);
    return missing;
  }

  /** What the store says counts again. */
  endHold(fleet: FleetName): void {
    const state = this.#stateOf(fleet);
    if (!state.hold) return;
    const cause = this.#causeOf(state);
    state.endHold(cause);
    state.services.takeChanges();
    for (const each of this.#endpoints.values()) each.selectAnew(state.services, cause);
    state.conclude(cause);
  }

  /** An operator says that the store is right: no hold, and what is missing is gone. */
  believe(fleet: FleetName): void {
    this.endHold(fleet);
    const state = this.#stateOf(fleet);
    const cause = this.#causeOf(state);
    state.believe(cause);
    this.#conclude(state, cause);
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
    for (const field of going) state.letGo(field, cause);
    this.#conclude(state, cause);
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
    state.fallBack(accepted, cause);
    this.#conclude(state, cause);
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
   * the store lacks what was written as `Cluster` says. `newest` is the newest position that the source has shown.
   */
  takeOver(fleet: FleetName, written: WrittenInputs, newest: SourcePosition): void {
    const state = this.#stateOf(fleet);
    const cause = this.#causeOf(state);
    const hold = parseHold(written.fields.get(holdField) ?? '');
    const isSetBack = this.#comesBefore(newest, written.position);
    if (!state.hold && !hold && !isSetBack) {
      state.adopt(written, cause);
      this.#select(state, cause);
      this.#holdWhatIsGone();
      if (!state.hold) {
        state.conclude(cause);
        return;
      }
    }
    const since = hold?.since ?? state.hold?.since;
    for (const each of this.#endpoints.values()) each.withdraw(state.services);
    state.adoptWhole(written, cause);
    state.services.takeChanges();
    this.#setHold(state, since, hold?.missing ?? []);
    for (const each of this.#endpoints.values()) each.tellProblems(state.services, cause);
    state.conclude(cause);
    if (this.lacks(fleet).length === 0 && since === undefined) this.endHold(fleet);
  }

  #later(a: SourcePosition, b: SourcePosition): SourcePosition {
    return this.#comesBefore(b, a) ? a : b;
  }

  #stateOf(fleet: FleetName): FleetState {
    const state = this.#fleets.get(fleet);
    if (!state) throw new RangeError(`fleet ${fleet} is not followed here`);
    return state;
  }

  #changeText(change: Change): void {
    const { path, position } = change;
    const text = change.kind === 'put' ? change.text : undefined;
    if (!this.#texts.has(path) || this.#texts.get(path) === text) return;
    this.#texts.set(path, text);
    this.#touched.set(path, position);
  }

  #changeEndpoint(change: Change): void {
    const key = parseObjectKey(change.path);
    const projection = key && this.#endpoints.get(key.resource);
    if (!projection) return;
    const cause = { object: change.path, position: change.position };
    if (change.kind === 'put') projection.put(key, change.text, cause);
    else projection.delete(key, cause);
  }

  #holdWhatIsGone(): void {
    for (const state of this.#fleets.values()) {
      const { vital, had } = state;
      const isGone = vital.every((path) => this.#texts.get(path) === undefined);
      if (isGone && had.some((path) => vital.includes(path))) this.#beginHold(state);
    }
  }

  #beginHold(state: FleetState): void {
    if (state.hold) return;
    for (const each of this.#endpoints.values()) each.withdraw(state.services);
    const missing = state.vital.filter((path) => this.#texts.get(path) === undefined);
    this.#setHold(state, undefined, missing);
  }

  #setHold(state: FleetState, since: string | undefined, missing: readonly string[]): void {
    const at = since ?? new Date(this.#now()).toISOString();
    state.setHold({ since: at, missing, reason: holdReason(state.fleet, missing) }, this.#causeOf(state));
  }

  /** What it is put down to when no object's change is the cause. */
  #causeOf({ vital }: FleetState): Provenance {
    return { object: vital.at(-1) ?? '', position: this.#at };
  }

  /** Looks again at the objects that were touched since the last time. */
  #judge(): void {
    const touched = this.#touched;
    this.#touched = new Map();
    for (const state of this.#fleets.values()) {
      let first: Provenance | undefined;
      for (const entries of state.entries) {
        const [object, ...others] = entries.paths.filter((path) => touched.has(path));
        if (object === undefined) continue;
        const positions = [object, ...others].map((path) => touched.get(path) ?? sourcePosition(''));
        const cause = { object, position: positions.reduce((a, b) => this.#later(a, b)) };
        entries.judge(entries.paths.map((path) => this.#texts.get(path)));
        if (!state.hold) entries.apply(cause);
        this.#select(state, cause);
        first ??= cause;
      }
      if (first) state.conclude(first);
    }
  }

  #conclude(state: FleetState, cause: Provenance): void {
    this.#select(state, cause);
    state.conclude(cause);
  }

  #select({ services }: FleetState, cause: Provenance): void {
    const changes = services.takeChanges();
    if (changes.removed.length + changes.added.length === 0) return;
    for (const each of this.#endpoints.values()) each.select(changes, cause);
  }
}
