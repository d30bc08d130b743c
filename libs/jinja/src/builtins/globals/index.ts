import { typeError, valueError } from '../../errors.ts';
import {
  builtin,
  Dict,
  Namespace,
  Range,
  str,
  type Builtin,
  type Kwargs,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { ABSENT, integer } from '../arguments.ts';
import { entriesOf } from '../methods/dict.ts';
import { byName } from '../methods/index.ts';
import { Cycler, Joiner } from './cycler.ts';
import { lipsumGlobal } from './lipsum.ts';

function range(runtime: Runtime, first: Value, second: Value, third: Value): Range {
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
  builtin(
    'range',
    ['start', ['stop', ABSENT], ['step', ABSENT]],
    (runtime, [first = 0, second = ABSENT, third = ABSENT]) => range(runtime, first, second, third),
  ),
  builtin('dict', ['*sources', '**named'], (_runtime, [sources = [], named = null]) =>
    makeDict('dict', sources as readonly Value[], named as Kwargs),
  ),
  builtin('namespace', ['*sources', '**named'], (_runtime, [sources = [], named = null]) =>
    namespace(sources as readonly Value[], named as Kwargs),
  ),
  builtin('cycler', ['*items'], (_runtime, [items = []]) => new Cycler(items as readonly Value[])),
  builtin('joiner', [['sep', ', ']], (_runtime, [separator = ', ']) => new Joiner(separator)),
  lipsumGlobal,
]);
