import {
  type InputField,
  type TemplatePart,
  isTemplatePart,
  parseInputField,
  rulesOfField,
  templatePaths,
} from '@flotilla/domain';
import type { Engine, Mapping } from './engine.ts';
import type { TemplateSettings } from './settings.ts';

/** One service: its entry and its ready pods, each parsed once. */
interface Service {
  readonly name: string;
  entry: Mapping | undefined;
  readonly pods: Map<string, Mapping>;
  /** What templates see; made anew only after something of the service changed. */
  view: Mapping | undefined;
}

export type TemplateContext = Readonly<Record<string, unknown>>;

/**
 * A fleet's inputs in the form templates see them. A change costs what changed: untouched pods and services keep
 * their objects, so that a later render can tell by identity what it has rendered before.
 */
export class TemplateInputs {
  readonly templates = new Map<string, string>();
  /** Fields whose value cannot be read, and why; a render without them would not be what the source says. */
  readonly faults = new Map<InputField, string>();
  readonly #engine: Engine;
  readonly #services = new Map<string, Service>();
  /** Services in the order of their names; undefined after one came or went. */
  #order: Service[] | undefined;
  readonly #certificates = new Set<string>();
  readonly #keys = new Set<string>();
  /** The names of certificates that have both parts; undefined after one came or went. */
  #complete: readonly string[] | undefined;
  /** Undefined after a change. */
  #context: TemplateContext | undefined;
  readonly #fixed: TemplateContext;

  constructor(engine: Engine, { statisticsPassword, env }: TemplateSettings) {
    this.#engine = engine;
    this.#fixed = {
      ...templatePaths,
      stats: engine.mapping(Object.entries({ username: 'stats', password: statisticsPassword })),
      env: engine.mapping(Object.entries(env)),
    };
  }

  /** A value that is no JSON object is a fault until another comes. */
  apply(changes: Iterable<readonly [InputField, string | null]>): void {
    let reload = false;
    this.#context = undefined;
    for (const [field, value] of changes) {
      const { part, names } = parseInputField(field);
      if (!isTemplatePart(part)) continue;
      const [name = '', pod = ''] = names;
      this.faults.delete(field);
      try {
        this.#applyOne(part, name, pod, value);
      } catch {
        this.faults.set(field, 'it is not a JSON object');
      }
      reload ||= rulesOfField(field).inTemplates === 'file';
    }
    if (reload) this.#engine.load(this.templates);
  }

  #applyOne(part: TemplatePart, name: string, pod: string, value: string | null): void {
    switch (part) {
      case 'config':
        setOrDelete(this.templates, name, value);
        break;
      case 'service':
        this.#touch(name).entry = value === null ? undefined : this.#engine.parse(value);
        this.#forgetEmpty(name);
        break;
      case 'pod':
        setOrDelete(this.#touch(name).pods, pod, value === null ? null : this.#engine.parse(value));
        this.#forgetEmpty(name);
        break;
      case 'certificate':
        this.#toggle(this.#certificates, name, value !== null);
        break;
      case 'key':
        this.#toggle(this.#keys, name, value !== null);
        break;
    }
  }

  /** The variables of every template, frozen; a service of which nothing changed is the same object as before. */
  context(): TemplateContext {
    this.#context ??= Object.freeze({
      services: Object.freeze(this.#views()),
      certificates: this.#bothParts(),
      ...this.#fixed,
    });
    return this.#context;
  }

  #views(): Mapping[] {
    this.#order ??= [...this.#services.values()].sort((a, b) => inOrder(a.name, b.name));
    const views: Mapping[] = [];
    for (const service of this.#order) {
      const view = this.#viewOf(service);
      if (view) views.push(view);
    }
    return views;
  }

  #bothParts(): readonly string[] {
    this.#complete ??= Object.freeze([...this.#certificates].filter((name) => this.#keys.has(name)).sort(inOrder));
    return this.#complete;
  }

  #viewOf(service: Service): Mapping | undefined {
    if (!service.entry) return undefined;
    service.view ??= this.#engine.extended(service.entry, [
      ['name', service.name],
      ['pods', this.#engine.mapping([...service.pods].sort(([a], [b]) => inOrder(a, b)))],
    ]);
    return service.view;
  }

  #touch(name: string): Service {
    let service = this.#services.get(name);
    if (!service) {
      service = { name, entry: undefined, pods: new Map(), view: undefined };
      this.#services.set(name, service);
      this.#order = undefined;
    }
    service.view = undefined;
    return service;
  }

  /** A certificate or key that has another value is the same name to templates. */
  #toggle(names: Set<string>, name: string, present: boolean): void {
    if (names.has(name) === present) return;
    if (present) names.add(name);
    else names.delete(name);
    this.#complete = undefined;
  }

  #forgetEmpty(name: string): void {
    const service = this.#services.get(name);
    if (!service || service.entry || service.pods.size > 0) return;
    this.#services.delete(name);
    this.#order = undefined;
  }
}

/** What a render needs of a field's value, or undefined for nothing. Of a name it needs only that it is there. */
export function templateValue(field: InputField, value: string | null): string | null | undefined {
  const { inTemplates } = rulesOfField(field);
  if (inTemplates === 'nothing') return undefined;
  return value !== null && inTemplates === 'name' ? '' : value;
}

/** Names of Kubernetes objects and data keys are ASCII, where this is Python's order too. */
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function setOrDelete<Value>(map: Map<string, Value>, name: string, value: Value | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}
