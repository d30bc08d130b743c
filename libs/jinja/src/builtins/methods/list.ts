import { PythonError, ReadOnlyError, typeError, valueError } from '../../errors.ts';
import {
  builtin,
  Callable,
  compare,
  identicalOrEqual,
  iterate,
  NO_KWARGS,
  repr,
  sequenceItems,
  toList,
  type Builtin,
  type Implementation,
  type ParameterNotation,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { flag, integer, integerOrNull } from '../arguments.ts';

type ListRun = (self: Value[], args: readonly Value[], runtime: Runtime) => Value;

/** A list that may be changed. Data that its owner froze stays as it is. */
function writable(self: Value): Value[] {
  if (!Array.isArray(self)) throw typeError('not a list');
  if (Object.isFrozen(self)) throw new ReadOnlyError('list');
  return self as Value[];
}

function changing(name: string, parameters: readonly ParameterNotation[], run: ListRun): Builtin {
  const implementation: Implementation = (runtime, [self = null, ...args]) => run(writable(self), args, runtime);
  return builtin(name, ['self', ...parameters], implementation);
}

/** A method that only changes its object: it gives Python's `None`. */
const changes = (
  name: string,
  parameters: readonly ParameterNotation[],
  run: (self: Value[], args: readonly Value[], runtime: Runtime) => unknown,
): Builtin =>
  changing(name, parameters, (self, args, runtime) => {
    run(self, args, runtime);
    return null;
  });

function pop(self: Value[], index: number): Value {
  if (self.length === 0) throw new PythonError('IndexError', 'pop from empty list');
  const at = index < 0 ? index + self.length : index;
  if (at < 0 || at >= self.length) throw new PythonError('IndexError', 'pop index out of range');
  return self.splice(at, 1)[0] ?? null;
}

function insert(self: Value[], index: number, item: Value): void {
  const at = index < 0 ? Math.max(index + self.length, 0) : Math.min(index, self.length);
  self.splice(at, 0, item);
}

function find(items: readonly Value[], wanted: Value, start = 0, end = items.length): number {
  for (let at = start; at < Math.min(end, items.length); at += 1) {
    if (identicalOrEqual(items[at] ?? null, wanted)) return at;
  }
  return -1;
}

function remove(self: Value[], wanted: Value): void {
  const at = find(self, wanted);
  if (at < 0) throw valueError('list.remove(x): x not in list');
  self.splice(at, 1);
}

/** Sorts by keys computed once. Equal items keep their order, also when reversed. */
export function sortBy(items: readonly Value[], key: (item: Value) => Value, reverse: boolean): Value[] {
  const keyed = items.map((item) => ({ key: key(item), item }));
  keyed.sort((a, b) => (reverse ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ item }) => item);
}

function sort(self: Value[], key: Value, reverse: Value, runtime: Runtime): void {
  if (key !== null && !(key instanceof Callable)) throw typeError('object is not callable');
  const keyOf = key === null ? (item: Value) => item : (item: Value) => key.call(runtime, [item], NO_KWARGS);
  const sorted = sortBy(self, keyOf, flag(reverse));
  self.splice(0, self.length, ...sorted);
}

function extend(self: Value[], items: Value, runtime: Runtime): void {
  for (const item of iterate(items === self ? [...self] : items)) {
    self.push(item);
    runtime.checkSize(self.length, 'maxRepeat');
  }
}

function index(name: string, self: Value, [wanted = null, start = 0, end = null]: readonly Value[]): number {
  const items = sequenceItems(self) ?? toList(self);
  const place = (value: number): number => (value < 0 ? Math.max(value + items.length, 0) : value);
  const at = find(items, wanted, place(integer(start)), place(integerOrNull(end) ?? items.length));
  if (at < 0)
    throw valueError(name === 'tuple' ? 'tuple.index(x): x not in tuple' : `${repr(wanted)} is not in ${name}`);
  return at;
}

const count = (self: Value, wanted: Value): number =>
  (sequenceItems(self) ?? toList(self)).filter((item) => identicalOrEqual(item, wanted)).length;

const countMethod = builtin('count', ['self', 'value'], (_runtime, [self = null, wanted = null]) =>
  count(self, wanted),
);

/** `index` and `count`, which lists and tuples share. */
const sequenceMethods = (name: string): readonly Builtin[] => [
  builtin('index', ['self', 'value', ['start', 0], ['stop', null]], (_runtime, [self = null, ...args]) =>
    index(name, self, args),
  ),
  countMethod,
];

export const tupleMethods: readonly Builtin[] = sequenceMethods('tuple');
export const rangeMethods: readonly Builtin[] = [
  builtin('index', ['self', '*args'], (_runtime, [self = null, args]) => {
    const wanted = args as readonly Value[];
    if (wanted.length !== 1) throw typeError(`range.index() takes exactly one argument (${wanted.length} given)`);
    return index('range', self, wanted);
  }),
  countMethod,
];

export const listMethods: readonly Builtin[] = [
  ...sequenceMethods('list'),
  changes('append', ['object'], (self, [item = null]) => self.push(item)),
  changes('extend', ['iterable'], (self, [items = null], runtime) => extend(self, items, runtime)),
  changes('insert', ['index', 'object'], (self, [at = 0, item = null]) => insert(self, integer(at), item)),
  changing('pop', [['index', -1]], (self, [at = -1]) => pop(self, integer(at))),
  changes('remove', ['value'], (self, [item = null]) => remove(self, item)),
  changes('clear', [], (self) => self.splice(0)),
  changes('reverse', [], (self) => self.reverse()),
  changes(
    'sort',
    [
      ['key', null],
      ['reverse', false],
    ],
    (self, [key = null, reverse = false], runtime) => sort(self, key, reverse, runtime),
  ),
  builtin('copy', ['self'], (_runtime, [self = null]) => toList(self)),
];
