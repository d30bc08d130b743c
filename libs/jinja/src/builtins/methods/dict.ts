import { PythonError, ReadOnlyError, typeError, valueError } from '../../errors.ts';
import {
  builtin,
  Dict,
  DictView,
  isMapping,
  iterate,
  mappingDelete,
  mappingEntries,
  mappingGet,
  mappingHas,
  mappingKeys,
  mappingSet,
  OneShot,
  repr,
  toList,
  Tuple,
  Undefined,
  type Builtin,
  type Kwargs,
  type Mapping,
  type ParameterNotation,
  type Value,
} from '../../values/index.ts';
import { ABSENT } from '../arguments.ts';

type DictRun = (self: Mapping, args: readonly Value[]) => Value;

function dictMethod(name: string, parameters: readonly ParameterNotation[], run: DictRun): Builtin {
  return builtin(name, ['self', ...parameters], (_runtime, [self = null, ...args]) => run(self as Mapping, args));
}

/** A method that changes its object. Data that its owner froze stays as it is. */
function changing(name: string, parameters: readonly ParameterNotation[], run: DictRun): Builtin {
  return dictMethod(name, parameters, (self, args) => {
    if (Object.isFrozen(self)) throw new ReadOnlyError('dict');
    return run(self, args);
  });
}

/** The entries of what `dict()` and `update()` take: a mapping, or an iterable of pairs. */
export function* entriesOf(source: Value): Iterable<[Value, Value]> {
  // Python calls `keys` first, which an undefined value of any kind refuses.
  if (source instanceof Undefined) source.fail();
  if (isMapping(source)) {
    yield* [...mappingEntries(source)];
    return;
  }
  let place = 0;
  for (const pair of iterate(source)) {
    const parts = pairItems(pair, place);
    if (parts.length !== 2) {
      throw valueError(`dictionary update sequence element #${place} has length ${parts.length}; 2 is required`);
    }
    yield [parts[0] ?? null, parts[1] ?? null];
    place += 1;
  }
}

function pairItems(pair: Value, place: number): readonly Value[] {
  try {
    return toList(pair);
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    throw typeError(`cannot convert dictionary update sequence element #${place} to a sequence`);
  }
}

function pop(self: Mapping, key: Value, fallback: Value): Value {
  const value = mappingGet(self, key);
  if (value !== undefined) {
    mappingDelete(self, key);
    return value;
  }
  if (fallback === ABSENT) throw new PythonError('KeyError', repr(key));
  return fallback;
}

function popItem(self: Mapping): Tuple {
  const last = [...mappingEntries(self)].at(-1);
  if (last === undefined) throw new PythonError('KeyError', "'popitem(): dictionary is empty'");
  mappingDelete(self, last[0]);
  return new Tuple(last);
}

function setDefault(self: Mapping, key: Value, fallback: Value): Value {
  const value = mappingGet(self, key);
  if (value !== undefined) return value;
  mappingSet(self, key, fallback);
  return fallback;
}

function update(self: Mapping, sources: Value, kwargs: Value): null {
  const given = sources as readonly Value[];
  if (given.length > 1) throw typeError(`update expected at most 1 argument, got ${given.length}`);
  for (const [key, value] of given[0] === undefined ? [] : entriesOf(given[0])) mappingSet(self, key, value);
  for (const [name, value] of kwargs as Kwargs) mappingSet(self, name, value);
  return null;
}

function clear(self: Mapping): null {
  for (const key of [...mappingKeys(self)]) mappingDelete(self, key);
  return null;
}

function fromKeys(keys: Value, value: Value): Dict {
  const dict = new Dict();
  for (const key of iterate(keys)) dict.set(key, value);
  return dict;
}

const view = (name: string, kind: 'keys' | 'values' | 'items'): Builtin =>
  dictMethod(name, [], (self) => new DictView(kind, self));

/** Python 2's iterating twins; templates of that time still use them. */
const iterator = (name: string, kind: 'keys' | 'values' | 'items', typeName: string): Builtin =>
  dictMethod(name, [], (self) => new OneShot(new DictView(kind, self).iterate(), typeName));

export const dictMethods: readonly Builtin[] = [
  view('keys', 'keys'),
  view('values', 'values'),
  view('items', 'items'),
  iterator('iterkeys', 'keys', 'dictionary-keyiterator'),
  iterator('itervalues', 'values', 'dictionary-valueiterator'),
  iterator('iteritems', 'items', 'dictionary-itemiterator'),
  dictMethod(
    'get',
    ['key', ['default', null]],
    (self, [key = null, fallback = null]) => mappingGet(self, key) ?? fallbackOf(self, key, fallback),
  ),
  dictMethod('copy', [], (self) => Dict.from(mappingEntries(self))),
  dictMethod('fromkeys', ['iterable', ['value', null]], (_self, [keys = null, value = null]) => fromKeys(keys, value)),
  changing('pop', ['key', ['default', ABSENT]], (self, [key = null, fallback = ABSENT]) => pop(self, key, fallback)),
  changing('popitem', [], popItem),
  changing('setdefault', ['key', ['default', null]], (self, [key = null, fallback = null]) =>
    setDefault(self, key, fallback),
  ),
  changing('update', ['*sources', '**kwargs'], (self, [sources = [], kwargs = null]) => update(self, sources, kwargs)),
  changing('clear', [], clear),
];

/** A key that holds None keeps its None. */
function fallbackOf(self: Mapping, key: Value, fallback: Value): Value {
  return mappingHas(self, key) ? null : fallback;
}
