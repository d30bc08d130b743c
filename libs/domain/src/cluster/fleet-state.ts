import type { FleetName } from '../brands.ts';
import { type InputField, type Provenance, inputField, parseInputField } from '../inputs.ts';
import { formatObjectKey } from '../object-key.ts';
import type { Problem } from '../problem.ts';
import { type Labels, matches } from '../selector.ts';
import { type ServiceEntry, parseServiceEntry } from '../service-entry.ts';
import { FieldRecord } from './field-record.ts';
import type { CertificatePair } from './read-certificates.ts';
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

/** The paths of the four objects that configure a fleet. */
export interface FleetObjects {
  readonly services: string;
  readonly config: string;
  readonly certificates: string;
  readonly keys: string;
}

export function fleetObjects(fleet: FleetName): FleetObjects {
  const at = (resource: 'configmaps' | 'secrets', name: string): string =>
    formatObjectKey({ resource, namespace: fleet, name });
  return {
    services: at('configmaps', 'services'),
    config: at('configmaps', 'config'),
    certificates: at('configmaps', 'certificates'),
    keys: at('secrets', 'keys'),
  };
}

type Section = 'services' | 'config' | 'certificates';

/**
 * One fleet's fields. Verdicts on its objects come in, pods are put and removed by the cluster.
 * The fields themselves are the last good values: what a verdict keeps is simply not touched.
 */
export class FleetState {
  readonly fleet: FleetName;
  readonly objects: FleetObjects;
  readonly record = new FieldRecord();
  readonly #services = new Map<string, FleetService>();
  readonly #config = new Set<string>();
  readonly #certificates = new Set<string>();
  readonly #problems = new Map<Section, ReadonlySet<InputField>>();
  readonly #servicesIn = new Map<string, number>();
  /** Until an object was looked at, nothing of it is touched. */
  readonly #verdicts = {
    services: unreadable<ServiceEntry>(),
    config: unreadable<string>(),
    certificates: unreadable<CertificatePair>(),
  };

  constructor(fleet: FleetName) {
    this.fleet = fleet;
    this.objects = fleetObjects(fleet);
  }

  /** Whether there is anything of the fleet's configmaps, from the store or from an earlier life. */
  get hasGoodValues(): boolean {
    return this.#services.size > 0 || this.#config.size > 0;
  }

  /** Whether a service of this fleet takes pods from the namespace. */
  serves(namespace: string): boolean {
    return this.#servicesIn.has(namespace);
  }

  takeServices(verdict: Verdict<ServiceEntry>, cause: Provenance): ServiceChanges {
    this.#verdicts.services = verdict;
    const removed: FleetService[] = [];
    const added: FleetService[] = [];
    const change = (name: string, entry: ServiceEntry | undefined): void => {
      const old = this.#services.get(name);
      this.record.set(inputField('service', name), entry?.text, cause);
      if (old && entry && sameSelection(old, entry)) return;
      if (old) removed.push(old);
      if (entry) added.push({ fleet: this, name, namespace: entry.namespace, selector: entry.selector });
    };
    applyVerdict(verdict, [...this.#services.keys()], change);
    this.#setProblems('services', verdict.problems, cause);
    this.#recount(removed, added);
    return { removed, added };
  }

  takeConfig(verdict: Verdict<string>, cause: Provenance): void {
    this.#verdicts.config = verdict;
    applyVerdict(verdict, [...this.#config], (key, text) => {
      this.record.set(inputField('config', key), text, cause);
      mark(this.#config, key, text);
    });
    this.#setProblems('config', verdict.problems, cause);
  }

  takeCertificates(verdict: Verdict<CertificatePair>, cause: Provenance): void {
    this.#verdicts.certificates = verdict;
    applyVerdict(verdict, [...this.#certificates], (name, pair) => {
      this.record.set(inputField('certificate', name), pair?.certificate, cause);
      this.record.set(inputField('key', name), pair?.key, cause);
      mark(this.#certificates, name, pair);
    });
    this.#setProblems('certificates', verdict.problems, cause);
  }

  /**
   * Takes last good values from an earlier life for what is bad now and was never good in this one.
   * Returns the services that came back that way.
   */
  seed(lastGood: ReadonlyMap<InputField, string>): FleetService[] {
    const added: FleetService[] = [];
    const { services, config, certificates } = this.#verdicts;
    for (const [field, value] of lastGood) {
      const { part, names } = parseInputField(field);
      const name = names[0] ?? '';
      if (this.record.get(field) !== undefined) continue;
      if (part === 'config' && keeps(config, name)) {
        this.record.set(field, value, { object: this.objects.config, index: 0 });
        this.#config.add(name);
      } else if (part === 'certificate' && keeps(certificates, name)) {
        const key = lastGood.get(inputField('key', name));
        if (key === undefined) continue;
        this.record.set(field, value, { object: this.objects.certificates, index: 0 });
        this.record.set(inputField('key', name), key, { object: this.objects.keys, index: 0 });
        this.#certificates.add(name);
      } else if (part === 'service' && keeps(services, name)) {
        const parsed = parseServiceEntry(name, value);
        if (!parsed.ok) continue;
        this.record.set(field, value, { object: this.objects.services, index: 0 });
        const { namespace, selector } = parsed.entry;
        added.push({ fleet: this, name, namespace, selector });
      }
    }
    this.#recount([], added);
    return added;
  }

  #setProblems(section: Section, problems: readonly Problem[], cause: Provenance): void {
    const now = new Map(problems.map((problem) => [problemField(problem), JSON.stringify(problem)]));
    for (const field of this.#problems.get(section) ?? []) {
      if (!now.has(field)) this.record.set(field, undefined, cause);
    }
    for (const [field, text] of now) this.record.set(field, text, cause);
    this.#problems.set(section, new Set(now.keys()));
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

/** Changes every entry that is good or gone; one that is kept is left as it is. */
function applyVerdict<Value>(
  verdict: Verdict<Value>,
  current: readonly string[],
  change: (name: string, value: Value | undefined) => void,
): void {
  for (const name of current) {
    if (!verdict.good.has(name) && !keeps(verdict, name)) change(name, undefined);
  }
  for (const [name, value] of verdict.good) change(name, value);
}

function mark(names: Set<string>, name: string, value: unknown): void {
  if (value === undefined) names.delete(name);
  else names.add(name);
}

/** A key in JSON may hold half of a surrogate pair, which cannot be percent-encoded. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

export const problemField = ({ object, key }: Pick<Problem, 'object' | 'key'>): InputField =>
  inputField('problem', object, ...(key === undefined ? [] : [wellFormed(key)]));

const sameSelection = (a: Selecting, b: Selecting): boolean =>
  a.namespace === b.namespace && samePairs(a.selector, b.selector);

/** Two sets of pairs are the same when each matches the other. */
const samePairs = (a: Labels, b: Labels): boolean => matches(a, b) && matches(b, a);
