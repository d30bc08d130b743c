import { FilterArgumentError } from '../../errors.ts';
import {
  builtin,
  equals,
  hashKey,
  isMapping,
  iterate,
  mappingEntries,
  NamedTuple,
  OneShot,
  ordered,
  str,
  toList,
  truthy,
  Tuple,
  type Builtin,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { sortBy } from '../methods/list.ts';
import { flag, missingMethod } from '../arguments.ts';
import { attributeGetter, ignoreCase, keyGetter, multiKeyGetter } from './attribute.ts';

/** `value.items()` of what must be a dict. */
function itemsOf(value: Value): Tuple[] {
  if (!isMapping(value)) return missingMethod(value, 'items');
  return Array.from(mappingEntries(value), (entry) => new Tuple(entry));
}

function dictSort(value: Value, caseSensitive: boolean, by: Value, reverse: boolean): Value {
  const which = str(by);
  if (which !== 'key' && which !== 'value')
    throw new FilterArgumentError('You can only sort by either "key" or "value"');
  const place = which === 'key' ? 0 : 1;
  const key = (item: Value): Value => {
    const part = item instanceof Tuple ? (item.items[place] ?? null) : null;
    return caseSensitive ? part : ignoreCase(part);
  };
  return sortBy(itemsOf(value), key, reverse);
}

function* uniqueItems(runtime: Runtime, value: Value, caseSensitive: boolean, attribute: Value): Iterable<Value> {
  const keyOf = keyGetter(runtime, attribute, caseSensitive);
  const seen = new Set<Value>();
  for (const item of iterate(value)) {
    const key = hashKey(keyOf(item));
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

/** The smallest or largest item; of several equal ones the first. */
function extreme(
  runtime: Runtime,
  operator: '<' | '>',
  [value = null, caseSensitive = false, attribute = null]: readonly Value[],
): Value {
  const keyOf = keyGetter(runtime, attribute, truthy(caseSensitive));
  let best: { item: Value; key: Value } | null = null;
  for (const item of iterate(value)) {
    const key = keyOf(item);
    if (best === null || ordered(operator, key, best.key)) best = { item, key };
  }
  return best === null ? runtime.undefinedHint('No aggregated item, sequence was empty.') : best.item;
}

/** Runs of equal keys in a sorted list. */
function runs(items: readonly Value[], keyOf: (item: Value) => Value): { key: Value; items: Value[] }[] {
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of items) {
    const key = keyOf(item);
    const last = groups.at(-1);
    if (last !== undefined && (last.key === key || equals(last.key, key))) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups;
}

function groupBy(
  runtime: Runtime,
  [value = null, attribute = null, fallback = null, caseSensitive = false]: readonly Value[],
): Value {
  const exact = truthy(caseSensitive);
  const keyOf = keyGetter(runtime, attribute, exact, fallback);
  const shown = attributeGetter(runtime, attribute, fallback);
  return runs(sortBy(toList(value), keyOf, false), keyOf).map(({ key, items }) => {
    // Without regard to case, a group is called what its first item says.
    const grouper = exact ? key : shown(items[0] ?? null);
    return new NamedTuple(
      new Map<string, Value>([
        ['grouper', grouper],
        ['list', items],
      ]),
    );
  });
}

const KEYED = [
  ['case_sensitive', false],
  ['attribute', null],
] as const;

/** Filters that compare items. */
export const orderFilters: readonly Builtin[] = [
  builtin(
    'sort',
    ['value', ['reverse', false], ...KEYED],
    (runtime, [value = null, reverse = false, exact = false, attribute = null]) =>
      sortBy(toList(value), multiKeyGetter(runtime, attribute, truthy(exact)), flag(reverse)),
  ),
  builtin(
    'unique',
    ['value', ...KEYED],
    (runtime, [value = null, exact = false, attribute = null]) =>
      new OneShot(uniqueItems(runtime, value, truthy(exact), attribute)),
  ),
  builtin('min', ['value', ...KEYED], (runtime, args) => extreme(runtime, '<', args)),
  builtin('max', ['value', ...KEYED], (runtime, args) => extreme(runtime, '>', args)),
  builtin('groupby', ['value', 'attribute', ['default', null], ['case_sensitive', false]], groupBy),
  builtin(
    'dictsort',
    ['value', ['case_sensitive', false], ['by', 'key'], ['reverse', false]],
    (_runtime, [value = null, exact = false, by = 'key', reverse = false]) =>
      dictSort(value, truthy(exact), by, flag(reverse)),
  ),
];
