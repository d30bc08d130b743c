import { typeError } from '../errors.ts';
import type { Runtime } from './runtime.ts';
import { Instance, type Value } from './value.ts';

/** Keyword arguments by name, in the order they were given. */
export type Kwargs = ReadonlyMap<string, Value>;
export const NO_KWARGS: Kwargs = new Map();

/** Anything a template can call. */
export abstract class Callable extends Instance {
  abstract readonly name: string;
  abstract call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value;
}

/** One parameter of a builtin. Without `fallback` it is required. */
export interface Parameter {
  readonly name: string;
  readonly fallback?: Value;
  /** `args` takes all further positional arguments as an array, `kwargs` all further keywords as a Map. */
  readonly rest?: 'args' | 'kwargs';
}

/** What a builtin does, given one value per parameter, in their order (`*args` an array, `**kwargs` a Map). */
export type Implementation = (runtime: Runtime, args: readonly Value[]) => Value;

/**
 * A filter, test, global function or method. All of them are declared the same way, so that defaults, keyword
 * arguments and Python's TypeErrors come for free:
 *
 *     builtin('replace', ['s', 'old', 'new', ['count', null]], (runtime, [s, old, fresh, count]) => …)
 *     builtin('format', ['value', '*args', '**kwargs'], (runtime, [value, args, kwargs]) => …)
 *
 * A filter's and a test's first parameter is the piped value; a method's first parameter is the object itself.
 *
 * `builtins/index.ts` registers them by exporting `filters` and `tests` (`ReadonlyMap<string, Builtin>`), `globals`
 * (`ReadonlyMap<string, Value>`), `methods` (`MethodTables`) and `formatPercent(runtime, format, argument)`, which is
 * `%` with a string or Markup on its left.
 */
export class Builtin extends Callable {
  readonly typeName = 'builtin_function_or_method';
  constructor(
    readonly name: string,
    readonly parameters: readonly Parameter[],
    readonly implementation: Implementation,
  ) {
    super();
  }

  call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value {
    return this.implementation(runtime, bindArguments(this.name, this.parameters, args, kwargs));
  }

  override repr(): string {
    return `<built-in function ${this.name}>`;
  }
}

/** `'name'` is required, `['name', value]` has a default, `'*name'` and `'**name'` take the rest. */
export type ParameterNotation = string | readonly [name: string, fallback: Value];

export function builtin(name: string, parameters: readonly ParameterNotation[], run: Implementation): Builtin {
  return new Builtin(name, parameters.map(readParameter), run);
}

function readParameter(notation: ParameterNotation): Parameter {
  if (typeof notation !== 'string') return { name: notation[0], fallback: notation[1] };
  if (notation.startsWith('**')) return { name: notation.slice(2), rest: 'kwargs' };
  return notation.startsWith('*') ? { name: notation.slice(1), rest: 'args' } : { name: notation };
}

/** Spreads arguments over parameters. Throws Python's TypeErrors. */
export function bindArguments(
  callee: string,
  parameters: readonly Parameter[],
  args: readonly Value[],
  kwargs: Kwargs,
): readonly Value[] {
  const last = parameters.at(-1);
  if (kwargs.size === 0 && args.length === parameters.length && last?.rest === undefined) return args;
  const named = new Map(kwargs);
  let used = 0;
  const bound = parameters.map((parameter): Value => {
    if (parameter.rest === 'args') return args.slice(used, (used = args.length));
    if (parameter.rest === 'kwargs') return drain(named);
    return bindOne(callee, parameter, named, used < args.length ? args[used++] : undefined);
  });
  if (used < args.length) throw tooMany(callee, parameters, args.length);
  for (const name of named.keys()) throw typeError(`${callee}() got an unexpected keyword argument '${name}'`);
  const missing = parameters.filter((_, index) => bound[index] === MISSING).map((parameter) => `'${parameter.name}'`);
  if (missing.length > 0) throw missingArguments(callee, missing);
  return bound;
}

const MISSING = new (class extends Instance {
  readonly typeName = 'missing';
})();

function drain(named: Map<string, Value>): Map<string, Value> {
  const rest = new Map(named);
  named.clear();
  return rest;
}

function bindOne(
  callee: string,
  parameter: Parameter,
  named: Map<string, Value>,
  positional: Value | undefined,
): Value {
  const byName = named.get(parameter.name);
  if (byName !== undefined) named.delete(parameter.name);
  if (positional === undefined)
    return byName ?? (byName === null ? null : (parameter.fallback ?? defaultOf(parameter)));
  if (byName === undefined) return positional;
  throw typeError(`${callee}() got multiple values for argument '${parameter.name}'`);
}

function defaultOf(parameter: Parameter): Value {
  return parameter.fallback === null ? null : MISSING;
}

function missingArguments(callee: string, names: readonly string[]): Error {
  const list =
    names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')}, and ${names[names.length - 1] ?? ''}`;
  return typeError(
    `${callee}() missing ${names.length} required positional argument${names.length === 1 ? '' : 's'}: ${list}`,
  );
}

function tooMany(callee: string, parameters: readonly Parameter[], given: number): Error {
  const positional = parameters.filter((parameter) => parameter.rest === undefined);
  const required = positional.filter((parameter) => parameter.fallback === undefined).length;
  const most = positional.length;
  const count = required === most ? `${most}` : `from ${required} to ${most}`;
  const plural = most === 1 ? '' : 's';
  return typeError(
    `${callee}() takes ${count} positional argument${plural} but ${given} ${given === 1 ? 'was' : 'were'} given`,
  );
}

/** A method together with its object, as `x.upper` without the call gives it. */
export class BoundMethod extends Callable {
  readonly typeName = 'builtin_function_or_method';
  constructor(
    readonly self: Value,
    readonly method: Builtin,
  ) {
    super();
  }
  get name(): string {
    return this.method.name;
  }
  call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value {
    return this.method.call(runtime, [this.self, ...args], kwargs);
  }
  override repr(): string {
    return `<built-in method ${this.name}>`;
  }
}

/** A caller's own JavaScript function. Keyword arguments arrive as one plain object after the positional ones. */
export class HostFunction extends Callable {
  readonly typeName = 'function';
  constructor(
    readonly name: string,
    private readonly run: (...args: Value[]) => unknown,
  ) {
    super();
  }
  call(_runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value {
    const named: Value[] =
      kwargs.size === 0 ? [] : [Object.assign(Object.create(null) as object, Object.fromEntries(kwargs))];
    return this.run(...args, ...named) ?? null;
  }
  override repr(): string {
    return `<function ${this.name}>`;
  }
}
