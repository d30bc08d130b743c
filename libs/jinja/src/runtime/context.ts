import type { Pieces } from './pieces.ts';
import { HostFunction, isMapping, mappingGet, mappingKeys, type Mapping, type Value } from '../values/index.ts';

/** Where names come from. Reading is lazy: nothing is copied but what a template itself assigned. */
export interface Names {
  get(name: string): Value | undefined;
  names(): Iterable<string>;
}

/** What a caller handed in: read in place, own keys only. */
export class CallerNames implements Names {
  private readonly functions = new Map<unknown, HostFunction>();

  constructor(private readonly mapping: Mapping) {}

  get(name: string): Value | undefined {
    const value = mappingGet(this.mapping, name);
    return typeof value === 'function' ? this.callable(name, value) : value;
  }

  /** A function right in the context was handed in to be called; functions deeper down are opaque. */
  private callable(name: string, value: object): HostFunction {
    let callable = this.functions.get(value);
    if (callable === undefined) {
      callable = new HostFunction(name, value as (...args: Value[]) => unknown);
      this.functions.set(value, callable);
    }
    return callable;
  }

  *names(): Iterable<string> {
    for (const key of mappingKeys(this.mapping)) if (typeof key === 'string') yield key;
  }
}

/** The names of a context given as an object, a Map, a Dict. */
export function callerNames(context: Value): Names {
  if (isMapping(context)) return new CallerNames(context);
  throw new TypeError('the context of a template must be a mapping');
}

/** A fixed set of names. */
export class FixedNames implements Names {
  constructor(private readonly values: ReadonlyMap<string, Value>) {}

  get(name: string): Value | undefined {
    return this.values.get(name);
  }

  names(): Iterable<string> {
    return this.values.keys();
  }
}

/** Names that hide others. */
export class LayeredNames implements Names {
  constructor(
    private readonly above: Names,
    private readonly below: Names,
  ) {}

  get(name: string): Value | undefined {
    const value = this.above.get(name);
    return value === undefined ? this.below.get(name) : value;
  }

  *names(): Iterable<string> {
    yield* this.above.names();
    yield* this.below.names();
  }
}

/** Renders a template's root or one of its blocks. */
export type Render = (context: Context) => string;

/** The variables and blocks of a template while it renders. */
export class Context {
  /** What the template assigned at its top. */
  readonly vars = new Map<string, Value>();
  private readonly exported = new Set<string>();
  /** For every block the template's own version first, then that of its parent, and so on. */
  readonly blocks = new Map<string, Render[]>();
  /** Where the root of the template may put its text in pieces; null where it is wanted in one. */
  pieces: Pieces | null = null;

  constructor(
    readonly parent: Names,
    readonly templateName: string | null,
    blocks: ReadonlyMap<string, Render>,
  ) {
    for (const [name, render] of blocks) this.blocks.set(name, [render]);
  }

  resolve(name: string): Value | undefined {
    const value = this.vars.get(name);
    return value === undefined ? this.parent.get(name) : value;
  }

  /** Assigns a name that stays private to the template. */
  set(name: string, value: Value): void {
    this.vars.set(name, value);
  }

  /** Assigns a name that importers of the template get. */
  export(name: string, value: Value): void {
    this.vars.set(name, value);
    this.exported.add(name);
  }

  /** Assigns a name that was imported: visible here, but not handed on. */
  hide(name: string, value: Value): void {
    this.vars.set(name, value);
    this.exported.delete(name);
  }

  exports(): ReadonlyMap<string, Value> {
    const exports = new Map<string, Value>();
    for (const name of this.exported) exports.set(name, this.vars.get(name) ?? null);
    return exports;
  }

  /** All names as they are now, with the locals that have a value on top. */
  all(locals: Iterable<readonly [string, Value | undefined]> = []): Names {
    const own = new Map(this.vars);
    for (const [name, value] of locals) if (value !== undefined) own.set(name, value);
    return own.size === 0 ? this.parent : new LayeredNames(new FixedNames(own), this.parent);
  }

  /** The same template's context with other variables: what a scoped block is rendered in. */
  derived(locals: Iterable<readonly [string, Value | undefined]>): Context {
    const context = new Context(this.all(locals), this.templateName, new Map());
    for (const [name, stack] of this.blocks) context.blocks.set(name, [...stack]);
    return context;
  }

  /** Puts a parent's block below those that override it. */
  addBlock(name: string, render: Render): void {
    const stack = this.blocks.get(name);
    if (stack === undefined) this.blocks.set(name, [render]);
    else stack.push(render);
  }
}
