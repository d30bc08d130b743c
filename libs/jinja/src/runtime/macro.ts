import { typeError } from '../errors.ts';
import { Callable, Dict, Markup, quote, Tuple, type Kwargs, type Runtime, type Value } from '../values/index.ts';

/** The generated code of a macro; an argument that was not given is undefined. */
export type MacroBody = (...args: (Value | undefined)[]) => string;

/** `{% macro %}`, and the body of `{% call %}`. */
export class Macro extends Callable {
  readonly typeName = 'Macro';
  readonly name: string;

  constructor(
    private readonly macroName: string | null,
    private readonly parameters: readonly string[],
    private readonly takesCaller: boolean,
    private readonly takesKwargs: boolean,
    private readonly takesVarargs: boolean,
    private readonly body: MacroBody,
    /** What its text depends on besides its arguments, its own code included; null when that cannot be said. */
    readonly reads: (() => readonly (Value | undefined)[]) | null = null,
  ) {
    super();
    this.name = macroName ?? 'caller';
  }

  override get moduleName(): string {
    return 'jinja2.runtime';
  }

  call(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value {
    const text = this.body(...this.bind(runtime, args, kwargs));
    return runtime.autoescape ? new Markup(text) : text;
  }

  private bind(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): readonly (Value | undefined)[] {
    const { parameters } = this;
    const special = this.takesCaller || this.takesKwargs || this.takesVarargs;
    if (kwargs.size === 0 && !special && args.length <= parameters.length) return args;
    const named = new Map(kwargs);
    const bound: (Value | undefined)[] = args.slice(0, parameters.length);
    // A parameter that got a positional argument is not looked for among the keywords.
    for (const name of parameters.slice(bound.length)) bound.push(take(named, name));
    if (this.takesCaller && !parameters.includes('caller')) {
      // None counts as no caller.
      bound.push(take(named, 'caller') ?? runtime.undefinedHint('No caller defined', 'caller'));
    }
    if (this.takesKwargs) bound.push(Dict.from(named));
    else if (named.size > 0) this.rejectKeywords(named);
    if (this.takesVarargs) bound.push(new Tuple(args.slice(parameters.length)));
    else if (args.length > parameters.length) {
      throw typeError(`macro ${this.label()} takes not more than ${parameters.length} argument(s)`);
    }
    return bound;
  }

  private rejectKeywords(named: ReadonlyMap<string, Value>): never {
    if (named.has('caller')) {
      throw typeError(
        `macro ${this.label()} was invoked with two values for the special caller argument. This is most likely a bug.`,
      );
    }
    throw typeError(`macro ${this.label()} takes no keyword argument ${quote([...named.keys()][0] ?? '')}`);
  }

  private label(): string {
    return this.macroName === null ? 'None' : quote(this.macroName);
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.macroName;
      case 'arguments':
        return new Tuple(this.parameters);
      case 'caller':
        return this.takesCaller;
      case 'catch_kwargs':
        return this.takesKwargs;
      case 'catch_varargs':
        return this.takesVarargs;
      case 'explicit_caller':
        return this.parameters.includes('caller');
      default:
        return undefined;
    }
  }

  override repr(): string {
    return `<Macro ${this.macroName === null ? 'anonymous' : quote(this.macroName)}>`;
  }
}

function take(named: Map<string, Value>, name: string): Value | undefined {
  const value = named.get(name);
  named.delete(name);
  return value;
}
