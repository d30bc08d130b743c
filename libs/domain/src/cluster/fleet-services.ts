import type { FleetName } from '../brands.ts';
import { type Labels, matches } from '../selector.ts';
import { type ServiceEntry, parseServiceEntry } from '../service-entry.ts';
import type { FieldRecord } from './field-record.ts';
import { namesCertificate } from './names-certificate.ts';
import type { Selecting } from './service-index.ts';
import { type Verdict, keeps } from './verdict.ts';

/** A service of one fleet as selection sees it. */
export interface FleetService extends Selecting {
  readonly fleet: FleetServices;
  readonly name: string;
}

/** Services whose endpoints have to be selected anew: one with another selector is in both lists. */
export interface ServiceChanges {
  readonly removed: readonly FleetService[];
  readonly added: readonly FleetService[];
}

/** One fleet's services as they are in force, and what changed in them since it was asked last. */
export class FleetServices {
  readonly #entries = new Map<string, { readonly text: string; readonly service: FleetService }>();
  /** How many services take their endpoints from a namespace. */
  readonly #servicesIn = new Map<string, number>();
  /** What the services were that changed since. */
  #before = new Map<string, FleetService | undefined>();

  constructor(
    readonly fleet: FleetName,
    readonly record: FieldRecord,
  ) {}

  /** Sets or, with undefined, removes a service; text that is no entry of a service is none. */
  set(name: string, text: string | undefined): void {
    const old = this.#entries.get(name);
    if (old?.text === text) return;
    const parsed = text === undefined ? undefined : parseServiceEntry(name, text);
    if (!parsed?.ok) this.#entries.delete(name);
    else {
      const isSame = old !== undefined && sameSelection(old.service, parsed.entry);
      const service = isSame ? old.service : this.#serviceOf(parsed.entry);
      this.#entries.set(name, { text: parsed.entry.text, service });
    }
    this.#note(name, old?.service, this.#entries.get(name)?.service);
  }

  /** What came and went since this was asked last. */
  takeChanges(): ServiceChanges {
    const changes = [...this.#before].map(([name, before]) => [before, this.#entries.get(name)?.service] as const);
    this.#before = new Map();
    const changed = changes.filter(([before, now]) => before !== now);
    return {
      removed: changed.flatMap(([before]) => before ?? []),
      added: changed.flatMap(([, now]) => now ?? []),
    };
  }

  all(): FleetService[] {
    return Array.from(this.#entries.values(), ({ service }) => service);
  }

  /** The services that there will be when this verdict on them counts. */
  coming(verdict: Verdict): FleetService[] {
    const kept = this.all().filter(({ name }) => keeps(verdict, name));
    const good = [...verdict.good].flatMap(([name, [text]]) => {
      const parsed = parseServiceEntry(name, text);
      return parsed.ok ? this.#serviceOf(parsed.entry) : [];
    });
    return [...kept, ...good];
  }

  /** Whether a service takes its endpoints from the namespace. */
  serves(namespace: string): boolean {
    return this.#servicesIn.has(namespace);
  }

  /** Whether a service names the certificate. */
  names(certificate: string): boolean {
    return [...this.#entries.values()].some(({ text }) => namesCertificate(text, certificate));
  }

  #serviceOf({ name, namespace, selector }: ServiceEntry): FleetService {
    return { fleet: this, name, namespace, selector };
  }

  #note(name: string, old: FleetService | undefined, now: FleetService | undefined): void {
    if (old === now) return;
    if (!this.#before.has(name)) this.#before.set(name, old);
    if (old) this.#count(old.namespace, -1);
    if (now) this.#count(now.namespace, 1);
  }

  #count(namespace: string, more: number): void {
    const count = (this.#servicesIn.get(namespace) ?? 0) + more;
    if (count > 0) this.#servicesIn.set(namespace, count);
    else this.#servicesIn.delete(namespace);
  }
}

const sameSelection = (a: Selecting, b: Selecting): boolean =>
  a.namespace === b.namespace && samePairs(a.selector, b.selector);

/** Two sets of pairs are the same when each matches the other. */
const samePairs = (a: Labels, b: Labels): boolean => matches(a, b) && matches(b, a);
