import { typeError, valueError } from '../../errors.ts';
import {
  Builtin,
  builtin,
  Dict,
  Namespace,
  Range,
  str,
  type Kwargs,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { ABSENT, integer } from '../arguments.ts';
import { entriesOf } from '../methods/dict.ts';
import { byName } from '../methods/index.ts';
import { Cycler, Joiner } from './cycler.ts';
import { lipsumGlobal } from './lipsum.ts';

/** A class of Python: printing it names the class. */
class BuiltinClass extends Builtin {
  constructor(
    private readonly path: string,
    { name, parameters, implementation }: Builtin,
  ) {
    super(name, parameters, implementation);
  }

  override repr(): string {
    return `<class '${this.path}'>`;
  }
}

function range(runtime: Runtime, args: readonly Value[]): Range {
  if (args.length === 0) throw typeError('range expected at least 1 argument, got 0');
  if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
  const [first = 0, second = ABSENT, third = ABSENT] = args;
  const [start, stop] = second === ABSENT ? [0, integer(first)] : [integer(first), integer(second)];
  const step = third === ABSENT ? 1 : integer(third);
  if (step === 0) throw valueError('range() arg 3 must not be zero');
  const made = new Range(start, stop, step);
  runtime.checkSize(made.size, 'maxRange');
  return made;
}

/** Python's `dict(source, **named)`. */
function makeDict(callee: string, sources: readonly Value[], named: Kwargs): Dict {
  const [source, ...more] = sources;
  if (more.length > 0) throw typeError(`${callee} expected at most 1 argument, got ${sources.length}`);
  const dict = source === undefined ? new Dict() : Dict.from(entriesOf(source));
  for (const [name, value] of named) dict.set(name, value);
  return dict;
}

function namespace(sources: readonly Value[], named: Kwargs): Namespace {
  const made = new Namespace();
  for (const [key, value] of makeDict('dict', sources, named).entries()) made.attributes.set(str(key), value);
  return made;
}

/** Jinja2's global functions by name. */
export const globals: ReadonlyMap<string, Builtin> = byName([
  new BuiltinClass(
    'range',
    builtin('range', ['*args', '**named'], (runtime, [args = [], named = null]) => {
      if ((named as Kwargs).size > 0) throw typeError('range() takes no keyword arguments');
      return range(runtime, args as readonly Value[]);
    }),
  ),
  new BuiltinClass(
    'dict',
    builtin('dict', ['*sources', '**named'], (_runtime, [sources = [], named = null]) =>
      makeDict('dict', sources as readonly Value[], named as Kwargs),
    ),
  ),
  new BuiltinClass(
    'jinja2.utils.Namespace',
    builtin('namespace', ['*sources', '**named'], (_runtime, [sources = [], named = null]) =>
      namespace(sources as readonly Value[], named as Kwargs),
    ),
  ),
  new BuiltinClass(
    'jinja2.utils.Cycler',
    builtin('cycler', ['*items'], (_runtime, [items = []]) => new Cycler(items as readonly Value[])),
  ),
  new BuiltinClass(
    'jinja2.utils.Joiner',
    builtin('joiner', [['sep', ', ']], (_runtime, [separator = ', ']) => new Joiner(separator)),
  ),
  lipsumGlobal,
]);
