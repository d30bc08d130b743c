import type { FleetName } from '../brands.ts';
import { type FleetHold, holdField, isNoteField, missingField } from '../fleet-hold.ts';
import { type InputField, type Provenance, inputField, parseInputField } from '../inputs.ts';
import { type ServiceEntry, parseServiceEntry } from '../service-entry.ts';
import { FieldRecord } from './field-record.ts';
import { type FleetObjects, fleetObjects } from './fleet-objects.ts';
import { applyVerdict, entryIn, mark, pairIn, sameSelection } from './fleet-values.ts';
import { MissingClock } from './missing-clock.ts';
import { namesCertificate } from './names-certificate.ts';
import { type FleetVerdicts, problemsOf } from './problems-of.ts';
import type { CertificatePair } from '../certificate.ts';
import type { Selecting } from './service-index.ts';
import { type Verdict, keeps, unreadable } from './verdict.ts';

/** A service of one fleet as selection sees it. */
export interface FleetService extends Selecting {
  readonly fleet: FleetState;
  readonly name: string;
}

/** Services whose pods have to be selected anew: one with another selector is in both lists. */
export interface ServiceChanges {
  readonly removed: readonly FleetService[];
  readonly added: readonly FleetService[];
}

/** A fleet's inputs as they were written last, by whoever led, and the store's index that they stand at. */
export interface WrittenInputs {
  readonly fields: ReadonlyMap<InputField, string>;
  readonly index: number;
}

/** What stands in for entries that cannot be used, and the index at which it was known to be right. */
type KeptPart = 'service' | 'config' | 'certificate';

/**
 * One fleet's fields. Verdicts on its objects come in, pods are put and removed by the cluster.
 * The fields themselves are the last good values: what a verdict keeps is simply not touched.
 *
 * They belong to the fleet and not to this process: whoever takes the lead goes on from what was written
 * (`adopt`), unless it has seen something newer itself.
 */
export class FleetState {
  readonly fleet: FleetName;
  readonly objects: FleetObjects;
  readonly record = new FieldRecord();
  readonly missing: MissingClock;
  readonly #services = new Map<string, FleetService>();
  readonly #config = new Set<string>();
  readonly #certificates = new Set<string>();
  readonly #servicesIn = new Map<string, number>();
  /** The store's index at which an entry was last seen good, or gone. */
  #seen = new Map<InputField, number>();
  #problems = new Set<InputField>();
  #hold: FleetHold | undefined;
  /** Until an object was looked at, nothing of it is touched. */
  readonly #verdicts: FleetVerdicts = {
    services: unreadable<ServiceEntry>(),
    config: unreadable<string>(),
    certificates: unreadable<CertificatePair>(),
  };

  constructor(fleet: FleetName, options: { readonly graceMs: number; readonly now: () => number }) {
    this.fleet = fleet;
    this.objects = fleetObjects(fleet);
    this.missing = new MissingClock(this.record, options);
  }

  /** While there is one, only what is told about the fleet changes. */
  get hold(): FleetHold | undefined {
    return this.#hold;
  }

  setHold(hold: FleetHold | undefined, cause: Provenance): void {
    this.#hold = hold;
    this.record.set(holdField, hold && JSON.stringify(hold), cause);
  }

  /** The paths of the objects that there are values of. */
  get had(): string[] {
    const { services, config, certificates, keys } = this.objects;
    return [
      ...(this.#services.size > 0 ? [services] : []),
      ...(this.#config.size > 0 ? [config] : []),
      ...(this.#certificates.size > 0 ? [certificates, keys] : []),
    ];
  }

  get hadPods(): boolean {
    for (const [field] of this.record.entries()) if (field.startsWith('pod/')) return true;
    return false;
  }

  /** Whether a service of this fleet takes pods from the namespace. */
  serves(namespace: string): boolean {
    return this.#servicesIn.has(namespace);
  }

  services(): FleetService[] {
    return [...this.#services.values()];
  }

  /** The services that there will be when the hold ends. */
  comingServices(): FleetService[] {
    const { services } = this.#verdicts;
    const kept = this.services().filter(({ name }) => keeps(services, name));
    return [...kept, ...Array.from(services.good.values(), (entry) => this.#serviceOf(entry))];
  }

  takeServices(verdict: Verdict<ServiceEntry>, cause: Provenance): ServiceChanges {
    this.#verdicts.services = verdict;
    return this.#hold ? noServices : this.#applyServices(cause);
  }

  takeConfig(verdict: Verdict<string>, cause: Provenance): void {
    this.#verdicts.config = verdict;
    if (!this.#hold) this.#applyConfig(cause);
  }

  takeCertificates(verdict: Verdict<CertificatePair>, cause: Provenance): void {
    this.#verdicts.certificates = verdict;
    if (!this.#hold) this.#applyCertificates(cause);
  }

  /** Everything that was said of the objects during a hold holds now. Its services are the caller's to select anew. */
  endHold(cause: Provenance): void {
    this.setHold(undefined, cause);
    this.#applyServices(cause);
    this.#applyConfig(cause);
    this.#applyCertificates(cause);
  }

  /** What is missing goes at once: an operator says that the store is right. */
  believe(cause: Provenance): ServiceChanges {
    if (this.#verdicts.config.kept === 'missing')
      for (const key of [...this.#config]) this.#setConfig(key, undefined, cause);
    const changes = this.missing.entries().map(([field]) => this.letGo(field, cause));
    return joined(changes);
  }

  /** What is missing by one field goes now. */
  letGo(field: InputField, cause: Provenance): ServiceChanges {
    this.missing.end(field, cause);
    const [part, name] = parseInputField(field).names;
    if (part === 'certificate' && name !== undefined) this.#setPair(name, undefined, cause);
    return part === 'service' ? this.#changeServices((change) => this.#eachService(change), cause) : noServices;
  }

  /**
   * Goes on from what was written for the fleet: what stands in for an entry that cannot be used is what stood in for it
   * there, or nothing where it had nothing. Only what this process saw itself after that was written is newer.
   */
  adopt({ fields, index }: WrittenInputs, cause: Provenance): ServiceChanges {
    const { services, config, certificates } = this.#verdicts;
    const isOlder = (part: KeptPart, name: string): boolean => (this.#seen.get(inputField(part, name)) ?? -1) <= index;
    const namesOf = (part: KeptPart, own: Iterable<string>, verdict: Verdict<unknown>): string[] => {
      const written = [...fields.keys()].flatMap((field) => {
        const parsed = parseInputField(field);
        return parsed.part === part ? (parsed.names[0] ?? []) : [];
      });
      return [...new Set([...own, ...written])].filter((name) => !verdict.good.has(name) && isOlder(part, name));
    };

    for (const key of namesOf('config', this.#config, config)) {
      if (keeps(config, key)) this.#setConfig(key, fields.get(inputField('config', key)), cause);
    }
    for (const name of namesOf('certificate', this.#certificates, certificates)) {
      this.#setPair(name, pairIn(fields, name), cause);
      const note = missingField('certificate', name);
      if (fields.has(note) && !keeps(certificates, name)) this.missing.adopt(note, fields.get(note), cause);
    }
    const note = missingField('service');
    if (services.kept === 'missing' && fields.has(note)) this.missing.adopt(note, fields.get(note), cause);
    const changes = this.#changeServices((change) => {
      for (const name of namesOf('service', this.#services.keys(), services)) {
        if (keeps(services, name)) change(name, entryIn(fields, name));
      }
    }, cause);
    this.#startClocks(cause);
    return changes;
  }

  /** The fields that stand in for entries that are there and cannot be used. */
  get keptFields(): InputField[] {
    const { services, config, certificates } = this.#verdicts;
    const kept = (part: KeptPart, names: Iterable<string>, verdict: Verdict<unknown>): InputField[] =>
      [...names].filter((name) => keeps(verdict, name)).map((name) => inputField(part, name));
    const pairs = kept('certificate', this.#certificates, certificates);
    return [
      ...kept('service', this.#services.keys(), services),
      ...kept('config', this.#config, config),
      ...pairs,
      ...pairs.map((field) => field.replace('certificate', 'key')),
    ];
  }

  /** Puts older values in place of such that are no last good ones, where they still stand in for something. */
  fallBack(values: ReadonlyMap<InputField, string | null>, cause: Provenance): ServiceChanges {
    const kept = new Set(this.keptFields);
    const older = new Map([...values].filter(([field]) => kept.has(field)));
    const whole = new Map(
      [...this.record.entries(), ...older].flatMap(([field, value]) =>
        value === null ? [] : [[field, value] as const],
      ),
    );
    for (const field of older.keys()) if (older.get(field) === null) whole.delete(field);
    const namesOf = (part: string): string[] =>
      [...older.keys()].map(parseInputField).flatMap((parsed) => (parsed.part === part ? (parsed.names[0] ?? []) : []));
    for (const key of namesOf('config')) this.#setConfig(key, whole.get(inputField('config', key)), cause);
    for (const name of new Set([...namesOf('certificate'), ...namesOf('key')]))
      this.#setPair(name, pairIn(whole, name), cause);
    return this.#changeServices((change) => {
      for (const name of namesOf('service')) change(name, entryIn(whole, name));
    }, cause);
  }

  /** Takes over all of what was written, as it is: the fleet is held. */
  adoptWhole({ fields }: WrittenInputs, cause: Provenance): void {
    for (const [field] of [...this.record.entries()]) {
      if (!isNoteField(field) && !fields.has(field)) this.record.set(field, undefined, cause);
    }
    for (const [field] of this.missing.entries()) if (!fields.has(field)) this.missing.end(field, cause);
    this.#config.clear();
    this.#certificates.clear();
    const added: FleetService[] = [];
    for (const [field, value] of fields) {
      const { part, names } = parseInputField(field);
      const [name = ''] = names;
      if (part === 'missing') this.missing.adopt(field, value, cause);
      if (isNoteField(field)) continue;
      this.record.set(field, value, cause);
      if (part === 'config') this.#config.add(name);
      else if (part === 'certificate') this.#certificates.add(name);
      else if (part === 'service') {
        const parsed = parseServiceEntry(name, value);
        if (parsed.ok) added.push(this.#serviceOf(parsed.entry));
      }
    }
    this.#recount(this.services(), added);
  }

  /** What was seen before is no longer comparable with what was written: the store is another one, or was set back. */
  forgetIndexes(): void {
    this.#seen = new Map();
  }

  /** When all objects were looked at: what is missing and named no more goes, and the problems are told. */
  conclude(cause: Provenance): void {
    if (!this.#hold) this.#dropUnnamed(cause);
    this.#tellProblems(cause);
  }

  #dropUnnamed(cause: Provenance): void {
    for (const [field, { isNamed }] of this.missing.entries()) {
      const [part, name = ''] = parseInputField(field).names;
      if (part === 'certificate' && isNamed && !this.#isNamed(name)) this.letGo(field, cause);
    }
  }

  #tellProblems(cause: Provenance): void {
    const told = new Map(
      problemsOf(this, this.#verdicts).map((problem) => [
        inputField('problem', problem.object, ...(problem.key === undefined ? [] : [problem.key])),
        JSON.stringify(problem),
      ]),
    );
    for (const field of this.#problems) if (!told.has(field)) this.record.set(field, undefined, cause);
    for (const [field, text] of told) this.record.set(field, text, cause);
    this.#problems = new Set(told.keys());
  }

  #applyServices(cause: Provenance): ServiceChanges {
    const verdict = this.#verdicts.services;
    if (verdict.kept !== 'missing') this.missing.end(missingField('service'), cause);
    const changes = this.#changeServices((change) => {
      applyVerdict(verdict, [...this.#services.keys()], (name, entry) => {
        this.#seen.set(inputField('service', name), cause.index);
        change(name, entry);
      });
    }, cause);
    this.#startClocks(cause);
    return changes;
  }

  #applyConfig(cause: Provenance): void {
    applyVerdict(this.#verdicts.config, [...this.#config], (key, text) => {
      this.#seen.set(inputField('config', key), cause.index);
      this.#setConfig(key, text, cause);
    });
  }

  /** A pair that is gone serves on for a while. */
  #applyCertificates(cause: Provenance): void {
    const { good } = this.#verdicts.certificates;
    for (const [name, pair] of good) {
      this.#seen.set(inputField('certificate', name), cause.index);
      this.#setPair(name, pair, cause);
    }
    this.#startClocks(cause);
  }

  /** Whatever is missing and serves on is counted, and nothing else. */
  #startClocks(cause: Provenance): void {
    const { services, certificates } = this.#verdicts;
    for (const [field] of this.missing.entries()) {
      const [part, name = ''] = parseInputField(field).names;
      const isInForce = part === 'certificate' ? this.#certificates.has(name) : this.#services.size > 0;
      if (!isInForce) this.missing.end(field, cause);
    }
    if (services.kept === 'missing' && this.#services.size > 0)
      this.missing.begin(missingField('service'), false, cause);
    for (const name of this.#certificates) {
      const field = missingField('certificate', name);
      if (certificates.good.has(name) || keeps(certificates, name)) this.missing.end(field, cause);
      else this.missing.begin(field, this.#isNamed(name), cause);
    }
  }

  #isNamed(certificate: string): boolean {
    return [...this.#services.keys()].some((name) =>
      namesCertificate(this.record.get(inputField('service', name)) ?? '', certificate),
    );
  }

  #eachService(change: (name: string, entry: undefined) => void): void {
    for (const name of [...this.#services.keys()]) change(name, undefined);
  }

  #changeServices(
    run: (change: (name: string, entry: ServiceEntry | undefined) => void) => void,
    cause: Provenance,
  ): ServiceChanges {
    const removed: FleetService[] = [];
    const added: FleetService[] = [];
    run((name, entry) => {
      const old = this.#services.get(name);
      this.record.set(inputField('service', name), entry?.text, cause);
      if (old && entry && sameSelection(old, entry)) return;
      if (old) removed.push(old);
      if (entry) added.push(this.#serviceOf(entry));
    });
    this.#recount(removed, added);
    return { removed, added };
  }

  #serviceOf({ name, namespace, selector }: ServiceEntry): FleetService {
    return { fleet: this, name, namespace, selector };
  }

  #setConfig(key: string, text: string | undefined, cause: Provenance): void {
    this.record.set(inputField('config', key), text, cause);
    mark(this.#config, key, text);
  }

  #setPair(name: string, pair: CertificatePair | undefined, cause: Provenance): void {
    this.record.set(inputField('certificate', name), pair?.certificate, cause);
    this.record.set(inputField('key', name), pair?.key, cause);
    mark(this.#certificates, name, pair);
  }

  #recount(removed: readonly FleetService[], added: readonly FleetService[]): void {
    for (const { name, namespace } of removed) {
      this.#services.delete(name);
      const left = (this.#servicesIn.get(namespace) ?? 0) - 1;
      if (left > 0) this.#servicesIn.set(namespace, left);
      else this.#servicesIn.delete(namespace);
    }
    for (const service of added) {
      this.#services.set(service.name, service);
      this.#servicesIn.set(service.namespace, (this.#servicesIn.get(service.namespace) ?? 0) + 1);
    }
  }
}

const noServices: ServiceChanges = { removed: [], added: [] };

const joined = (changes: readonly ServiceChanges[]): ServiceChanges => ({
  removed: changes.flatMap(({ removed }) => removed),
  added: changes.flatMap(({ added }) => added),
});
