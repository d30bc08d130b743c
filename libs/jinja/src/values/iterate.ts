import { typeError } from '../errors.ts';
import { identicalOrEqual } from './compare.ts';
import { mappingHas, mappingKeys, mappingSize } from './dict.ts';
import { isMapping, isText, sequenceItems, textOf, typeName } from './types.ts';
import { Undefined } from './undefined.ts';
import { Float, Instance, Markup, type Value } from './value.ts';

const SURROGATE = /[\ud800-\udfff]/;

/** A string as Python counts it: by code points, not UTF-16 units. */
export function codePoints(text: string): readonly string[] {
  return SURROGATE.test(text) ? Array.from(text) : text.split('');
}

/** Python's `bool(value)`. */
export function truthy(value: Value): boolean {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'number':
      return value !== 0;
    case 'bigint':
      return value !== 0n;
    default:
      return objectTruthy(value);
  }
}

function objectTruthy(value: object | null | undefined): boolean {
  if (value === null || value === undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Instance) return value.truthy();
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Markup) return value.text !== '';
  const items = sequenceItems(value);
  if (items !== null) return items.length > 0;
  return !isMapping(value) || mappingSize(value) > 0;
}

/**
 * What a `for` walks over: items, keys of a dict, code points of a string, nothing for an undefined value.
 * Throws Python's TypeError for what cannot be iterated. A list comes back as itself: copy before changing it.
 */
export function iterate(value: Value): Iterable<Value> {
  const items = sequenceItems(value);
  if (items !== null) return items;
  if (isText(value)) return codePoints(textOf(value));
  if (value instanceof Instance && value.iterate !== undefined) return value.iterate();
  if (isMapping(value)) return mappingKeys(value);
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

/** Python's `list(value)`: always a new array. */
export function toList(value: Value): Value[] {
  return Array.from(iterate(value));
}

/** Python's `len(value)`. */
export function length(value: Value): number {
  const items = sequenceItems(value);
  if (items !== null) return items.length;
  if (isText(value)) return codePoints(textOf(value)).length;
  if (value instanceof Instance && value.length !== undefined) return value.length();
  if (isMapping(value)) return mappingSize(value);
  throw typeError(`object of type '${typeName(value)}' has no len()`);
}

/** Python's `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (isText(container)) {
    if (isText(item)) return textOf(container).includes(textOf(item));
    throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  const items = sequenceItems(container);
  if (items !== null) return items.some((own) => identicalOrEqual(own, item));
  if (container instanceof Instance) return instanceContains(container, item);
  if (isMapping(container)) return mappingHas(container, item);
  throw typeError(`argument of type '${typeName(container)}' is not iterable`);
}

function instanceContains(container: Instance, item: Value): boolean {
  if (container.contains !== undefined) return container.contains(item);
  if (container.iterate === undefined) throw typeError(`argument of type '${container.typeName}' is not iterable`);
  if (container instanceof Undefined) return false;
  for (const own of container.iterate()) if (identicalOrEqual(own, item)) return true;
  return false;
}
