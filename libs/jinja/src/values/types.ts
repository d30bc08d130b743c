import { Dict } from './dict.ts';
import { Float, Instance, Markup, Slice, Tuple, type Value } from './value.ts';

/** `Map` stands for a caller's map; `Dict` is the library's own. */
export type PlainObject = Readonly<Record<string, Value>>;

/** An object literal or the like: the only foreign objects whose keys a template can read. */
export function isPlainObject(value: Value): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Python's dict: own, plain object or Map. */
export function isMapping(value: Value): value is Dict | PlainObject | ReadonlyMap<Value, Value> {
  return value instanceof Dict || value instanceof Map || isPlainObject(value);
}

/** Python's `isinstance(value, str)`. */
export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup;
}

/** The characters of a str or Markup. */
export function textOf(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text;
}

/** Python's `isinstance(value, float)`. */
export function isFloat(value: Value): value is number | Float {
  return value instanceof Float || (typeof value === 'number' && !Number.isInteger(value));
}

/** Python's `isinstance(value, int)`, without bool. */
export function isInteger(value: Value): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

/** int, float or bool: what arithmetic works on. */
export function isNumber(value: Value): value is number | bigint | boolean | Float {
  const type = typeof value;
  return type === 'number' || type === 'boolean' || type === 'bigint' || value instanceof Float;
}

/** list or tuple; the items of one. */
export function sequenceItems(value: Value): readonly Value[] | null {
  if (Array.isArray(value)) return value as readonly Value[];
  return value instanceof Tuple ? value.items : null;
}

/** The name of the value's Python class. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    case 'bigint':
      return 'int';
    case 'function':
      return 'function';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: object | null | undefined): string {
  if (value === null || value === undefined) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Instance) return value.typeName;
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Float) return 'float';
  if (value instanceof Markup) return 'Markup';
  if (value instanceof Slice) return 'slice';
  return isMapping(value) ? 'dict' : 'object';
}

/** How messages name the object an attribute is missing on: `int object`, `jinja2.utils.Namespace object`. */
export function describeType(value: Value): string {
  if (value === null) return 'None';
  const module = value instanceof Instance ? value.moduleName : value instanceof Markup ? 'markupsafe' : '';
  return `${module === '' ? '' : `${module}.`}${typeName(value)} object`;
}
