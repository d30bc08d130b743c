import { globals } from '../builtins/index.ts';
import {
  Dict,
  Float,
  Instance,
  isPlainObject,
  mappingEntries,
  Markup,
  NamedTuple,
  Tuple,
  type Value,
} from '../values/index.ts';
import { Macro } from './macro.ts';
import { TemplateModule } from './template.ts';

/**
 * Tells whether values are what they were in an earlier render.
 *
 * A frozen object is taken to be frozen throughout: the same object is the same value then. Lists and mappings that a
 * template made are compared by what is in them, as long as nobody can change them meanwhile; macros by their code and
 * what they read. Everything else (namespaces, cyclers, iterators, functions of a caller) may change unseen.
 */

/** Stands among the values read when the body may change lists and mappings in place. */
export const MUTATES: object = Object.freeze({ mutates: true });

/** Stands for a value that may change unseen. */
export const UNSEEN: object = Object.freeze({ unseen: true });

/** Global functions whose result depends on their arguments only, or is an object of its own. */
const repeatable: ReadonlySet<Value> = new Set(
  ['range', 'dict', 'namespace', 'cycler', 'joiner'].flatMap((name) => globals.get(name) ?? []),
);

/** Beyond this many parts comparing costs more than it saves. */
const maxParts = 2_000;

const mark = (kind: string): object => Object.freeze({ kind });
const LIST = mark('list');
const TUPLE = mark('tuple');
const DICT = mark('dict');
const FLOAT = mark('float');
const MARKUP = mark('markup');
const MODULE = mark('module');

/** Whether the value cannot change: nothing in it, for whoever has it. */
export const isFixed = (value: Value | undefined): boolean => {
  if (typeof value === 'function') return false;
  return typeof value !== 'object' || value === null || (Object.isFrozen(value) && !(value instanceof Instance));
};

/**
 * The values in a form in which two reads of the same are equal part by part; null when one of them may change unseen.
 */
export function standingStill(values: readonly (Value | undefined)[]): readonly (Value | undefined)[] | null {
  const parts = new Parts();
  for (const value of values) parts.add(value);
  return parts.known();
}

class Parts {
  private readonly parts: (Value | undefined)[] = [];
  private readonly macros = new Set<Macro>();
  private mutates = false;
  private mutable = false;
  private unseen = false;

  known(): readonly (Value | undefined)[] | null {
    return this.unseen || (this.mutates && this.mutable) ? null : this.parts;
  }

  add(value: Value | undefined): void {
    if (this.unseen) return;
    if (value === UNSEEN || this.parts.length >= maxParts) this.unseen = true;
    else if (value === MUTATES) this.mutates = true;
    else if (isFixed(value) || repeatable.has(value as Value)) this.parts.push(value);
    else this.addObject(value as object);
  }

  private addObject(value: object): void {
    if (value instanceof Macro) this.addMacro(value);
    else if (value instanceof TemplateModule) this.addAll(MODULE, [value.text, ...value.exported()]);
    else if (Array.isArray(value)) this.addMutable(LIST, value as Value[]);
    else if (value instanceof Dict) this.addMutable(DICT, [...value.entries()].flat());
    else if (value instanceof Tuple && !(value instanceof NamedTuple)) this.addAll(TUPLE, value.items);
    else if (value instanceof Float) this.parts.push(FLOAT, value.value);
    else if (value instanceof Markup) this.parts.push(MARKUP, value.text);
    else if (isPlainObject(value)) this.addMutable(DICT, [...mappingEntries(value)].flat());
    else this.unseen = true;
  }

  private addAll(kind: object, values: readonly Value[]): void {
    this.parts.push(kind, values.length);
    if (values.length > maxParts) this.unseen = true;
    else for (const value of values) this.add(value);
  }

  private addMutable(kind: object, values: readonly Value[]): void {
    this.mutable = true;
    this.addAll(kind, values);
  }

  /** A macro that calls itself, also by way of others, is looked at once. */
  private addMacro(macro: Macro): void {
    if (this.macros.has(macro)) return;
    this.macros.add(macro);
    for (const value of macro.reads?.() ?? [UNSEEN]) this.add(value);
  }
}
