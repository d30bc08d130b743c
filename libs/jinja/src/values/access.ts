import { BoundMethod, type Builtin } from './callable.ts';
import { mappingGet } from './dict.ts';
import { findItem } from './item.ts';
import type { MethodOwner, Runtime } from './runtime.ts';
import { isFloat, isMapping, isNumber } from './types.ts';
import { Float, Instance, makeFloat, Markup, NamedTuple, Tuple, type Value } from './value.ts';
import { Range } from './views.ts';

/**
 * The only ways from a value to its parts. There is no other member access: what is not an own key, a fixed
 * attribute or a method of the tables does not exist for a template.
 */

function methodOwner(value: Value): MethodOwner | null {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      return objectMethodOwner(value);
  }
}

function objectMethodOwner(value: object | null): MethodOwner | null {
  if (value instanceof Range) return 'range';
  if (value === null || value instanceof Instance) return null;
  if (Array.isArray(value)) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Markup) return 'markup';
  if (value instanceof Float) return 'float';
  return isMapping(value) ? 'dict' : null;
}

/** The method `name` of a value's type, from the fixed tables. */
export function findMethod(runtime: Runtime, value: Value, name: string): Builtin | undefined {
  const owner = methodOwner(value);
  if (owner === null) return undefined;
  const own = runtime.methods[owner].get(name);
  return own === undefined && owner === 'markup' ? runtime.methods.str.get(name) : own;
}

/** The attributes that Python's numbers have. */
function numberPart(value: number | bigint | boolean | Float, name: string): Value | undefined {
  const whole = !isFloat(value);
  const real = typeof value === 'boolean' ? Number(value) : value;
  if (name === 'real' || (whole && name === 'numerator')) return real;
  if (name === 'imag') return whole ? 0 : makeFloat(0);
  return whole && name === 'denominator' ? 1 : undefined;
}

/** Python's `getattr`: a fixed attribute or a method, never an item. Used by the `attr` filter. */
export function findAttribute(runtime: Runtime, value: Value, name: string): Value | undefined {
  if (value instanceof Instance) {
    const own = value.attribute(name);
    // A range is the one of them that also has methods.
    if (own !== undefined || !(value instanceof Range)) return own;
  }
  if (value instanceof NamedTuple && value.fields.has(name)) return value.fields.get(name);
  const part = isNumber(value) ? numberPart(value, name) : undefined;
  if (part !== undefined) return part;
  const method = findMethod(runtime, value, name);
  return method === undefined ? undefined : new BoundMethod(value, method);
}

/** `value.name`: an attribute, else an item, else undefined. */
export function getAttribute(runtime: Runtime, value: Value, name: string): Value {
  const attribute = findAttribute(runtime, value, name);
  if (attribute !== undefined) return attribute;
  const item = isMapping(value) ? mappingGet(value, name) : findItem(value, name);
  return item === undefined ? runtime.undefinedItem(value, name) : item;
}

/** `value[key]`: an item, else an attribute of that name, else undefined. */
export function getItem(runtime: Runtime, value: Value, key: Value): Value {
  const item = findItem(value, key);
  if (item !== undefined) return item;
  const name = key instanceof Markup ? key.text : key;
  const attribute = typeof name === 'string' ? findAttribute(runtime, value, name) : undefined;
  return attribute === undefined ? runtime.undefinedItem(value, key) : attribute;
}
