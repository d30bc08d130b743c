import { FilterArgumentError, PythonError, typeError } from '../../errors.ts';
import {
  add,
  builtin,
  codePoints,
  DictView,
  escape,
  isMapping,
  isText,
  iterate,
  length,
  mappingKeys,
  Markup,
  OneShot,
  Range,
  sequenceItems,
  str,
  textOf,
  toList,
  typeName,
  Undefined,
  type Builtin,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { integer } from '../arguments.ts';
import { itemOrError } from '../items.ts';
import { attributeGetter } from './attribute.ts';

/** Python's `reversed(value)`: what has an order and can be walked from its end. */
function reversed(value: Value): { items: Value[]; kind: string } {
  const items = sequenceItems(value);
  if (items !== null)
    return { items: [...items].reverse(), kind: Array.isArray(value) ? 'list_reverseiterator' : 'reversed' };
  if (isText(value)) return { items: toList(value).reverse(), kind: 'reversed' };
  if (value instanceof Undefined && value.length() === 0) return { items: [], kind: 'reversed' };
  if (value instanceof Range) return { items: toList(value).reverse(), kind: 'range_iterator' };
  if (value instanceof DictView)
    return { items: toList(value).reverse(), kind: `dict_reverse${value.kind.slice(0, -1)}iterator` };
  if (isMapping(value)) return { items: [...mappingKeys(value)].reverse(), kind: 'dict_reversekeyiterator' };
  throw typeError(`'${typeName(value)}' object is not reversible`);
}

function last(runtime: Runtime, value: Value): Value {
  const [item] = reversed(value).items;
  if (item === undefined) return runtime.undefinedHint('No last item, sequence was empty.');
  return value instanceof Markup ? new Markup(str(item)) : item;
}

function reverse(value: Value): Value {
  if (isText(value)) {
    const text = [...codePoints(textOf(value))].reverse().join('');
    return value instanceof Markup ? new Markup(text) : text;
  }
  try {
    const { items, kind } = reversed(value);
    return new OneShot(items, kind);
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
  }
  try {
    return toList(value).reverse();
  } catch (error) {
    if (error instanceof PythonError) throw new FilterArgumentError('argument must be iterable', {}, { cause: error });
    throw error;
  }
}

function first(runtime: Runtime, value: Value): Value {
  for (const item of iterate(value)) return item;
  return runtime.undefinedHint('No first item, sequence was empty.');
}

function random(runtime: Runtime, value: Value): Value {
  const size = length(value);
  if (size === 0) return runtime.undefinedHint('No random item, sequence was empty.');
  return itemOrError(value, Math.floor(runtime.random() * size));
}

/** Joins; under autoescape one Markup among the parts makes all of them markup. */
function join(runtime: Runtime, [value = null, separator = '', attribute = null]: readonly Value[]): Value {
  const items = attribute === null ? iterate(value) : mapIterable(iterate(value), attributeGetter(runtime, attribute));
  const parts: Value[] = [];
  let size = 0;
  for (const item of items) {
    const part = item instanceof Markup ? item : str(item);
    parts.push(part);
    runtime.checkSize((size += textOf(part).length), 'maxOutput');
  }
  const marked = runtime.autoescape && [separator, ...parts].some((part) => part instanceof Markup);
  const mark = isText(separator) ? separator : str(separator);
  runtime.checkSize(size + textOf(mark).length * parts.length, 'maxOutput');
  if (!marked) return parts.map((part) => textOf(part as string | Markup)).join(textOf(mark));
  return new Markup(parts.map((part) => escape(part).text).join(escape(mark).text));
}

function* mapIterable(items: Iterable<Value>, map: (item: Value) => Value): Iterable<Value> {
  for (const item of items) yield map(item);
}

/** Cuts into `slices` lists of about equal length; short ones get `fill` at their end. */
function* slices(runtime: Runtime, value: Value, count: Value, fill: Value): Iterable<Value> {
  const items = toList(value);
  const slices = integer(count);
  if (slices === 0) throw new PythonError('ZeroDivisionError', 'integer division or modulo by zero');
  runtime.checkSize(slices, 'maxRange');
  const size = Math.floor(items.length / slices);
  const longer = items.length - size * slices;
  let at = 0;
  for (let slice = 0; slice < slices; slice += 1) {
    const end = at + size + (slice < longer ? 1 : 0);
    const part = items.slice(at, end);
    if (fill !== null && slice >= longer) part.push(fill);
    at = end;
    yield part;
  }
}

/** Cuts into lists of `count` items; the last one is filled up with `fill`. */
function* batches(runtime: Runtime, value: Value, count: Value, fill: Value): Iterable<Value> {
  let batch: Value[] = [];
  const isFull = (): boolean =>
    count === batch.length || (typeof count !== 'number' && integer(count) === batch.length);
  for (const item of iterate(value)) {
    if (isFull()) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null && batch.length < integer(count)) {
    runtime.checkSize(integer(count), 'maxRepeat');
    while (batch.length < integer(count)) batch.push(fill);
  }
  yield batch;
}

function sum(runtime: Runtime, value: Value, attribute: Value, start: Value): Value {
  const items = attribute === null ? iterate(value) : mapIterable(iterate(value), attributeGetter(runtime, attribute));
  if (isText(start)) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
  let total: Value = start;
  for (const item of items) total = add(runtime, total, item);
  return total;
}

function* pairs(value: Value): Iterable<Value> {
  if (value instanceof Undefined) return;
  if (!isMapping(value)) throw typeError('Can only get item pairs from a mapping.');
  yield* new DictView('items', value).iterate();
}

/** Filters on sequences that look at no more than their order. */
export const sequenceFilters: readonly Builtin[] = [
  builtin('first', ['seq'], (runtime, [value = null]) => first(runtime, value)),
  builtin('last', ['seq'], (runtime, [value = null]) => last(runtime, value)),
  builtin('random', ['seq'], (runtime, [value = null]) => random(runtime, value)),
  builtin('length', ['obj'], (_runtime, [value = null]) => length(value)),
  builtin('count', ['obj'], (_runtime, [value = null]) => length(value)),
  builtin('list', ['value'], (_runtime, [value = null]) => toList(value)),
  builtin('reverse', ['value'], (_runtime, [value = null]) => reverse(value)),
  builtin('items', ['value'], (_runtime, [value = null]) => new OneShot(pairs(value))),
  builtin('join', ['value', ['d', ''], ['attribute', null]], join),
  builtin(
    'slice',
    ['value', 'slices', ['fill_with', null]],
    (runtime, [value = null, count = null, fill = null]) => new OneShot(slices(runtime, value, count, fill)),
  ),
  builtin(
    'batch',
    ['value', 'linecount', ['fill_with', null]],
    (runtime, [value = null, count = null, fill = null]) => new OneShot(batches(runtime, value, count, fill)),
  ),
  builtin(
    'sum',
    ['iterable', ['attribute', null], ['start', 0]],
    (runtime, [value = null, attribute = null, start = 0]) => sum(runtime, value, attribute, start),
  ),
];
