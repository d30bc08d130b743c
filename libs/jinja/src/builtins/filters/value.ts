import { typeError } from '../../errors.ts';
import {
  builtin,
  findAttribute,
  isText,
  textOf,
  truthy,
  Undefined,
  type Builtin,
  type Runtime,
  type Value,
} from '../../values/index.ts';

/** An attribute only, never an item of that name. */
function attribute(runtime: Runtime, value: Value, name: Value): Value {
  if (!isText(name)) throw typeError('attribute name must be string');
  const found = findAttribute(runtime, value, textOf(name));
  return found === undefined ? runtime.undefinedItem(value, textOf(name)) : found;
}

function orDefault(value: Value, fallback: Value, boolean: Value): Value {
  return value instanceof Undefined || (truthy(boolean) && !truthy(value)) ? fallback : value;
}

const defaultFilter = (name: string): Builtin =>
  builtin(
    name,
    ['value', ['default_value', ''], ['boolean', false]],
    (_runtime, [value = null, fallback = '', boolean = false]) => orDefault(value, fallback, boolean),
  );

/** Filters on any kind of value. */
export const valueFilters: readonly Builtin[] = [
  defaultFilter('default'),
  defaultFilter('d'),
  builtin('attr', ['obj', 'name'], (runtime, [value = null, name = '']) => attribute(runtime, value, name)),
];
