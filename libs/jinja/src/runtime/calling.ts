import { TemplateRuntimeError, typeError, valueError } from '../errors.ts';
import {
  Callable,
  findMethod,
  getAttribute,
  Instance,
  isMapping,
  isText,
  iterate,
  mappingEntries,
  Namespace,
  sequenceItems,
  textOf,
  typeName,
  Undefined,
  type Kwargs,
  type Runtime,
  type Value,
} from '../values/index.ts';

/** Calls and assignments of generated code. */

export function call(rt: Runtime, callee: Value, args: readonly Value[], kwargs: Kwargs): Value {
  if (callee instanceof Callable) return callee.call(rt, args, kwargs);
  if (callee instanceof Undefined) return callee.fail();
  throw typeError(`'${typeName(callee)}' object is not callable`);
}

/** `object.name(…)`: a method is called without being made a value first. */
export function callMember(rt: Runtime, object: Value, name: string, args: readonly Value[], kwargs: Kwargs): Value {
  const method = findMethod(rt, object, name);
  if (method !== undefined) return method.call(rt, [object, ...args], kwargs);
  return call(rt, getAttribute(rt, object, name), args, kwargs);
}

/** An object whose member is about to be called: an undefined one fails before the arguments are looked at. */
export function reachable(rt: Runtime, object: Value, name: string): Value {
  if (object instanceof Undefined) getAttribute(rt, object, name);
  return object;
}

/** Keyword arguments with those of `**mapping` behind them. */
export function mergeKeywords(entries: readonly (readonly [string, Value])[], mapping: Value): Kwargs {
  const merged = new Map(entries);
  if (mapping instanceof Undefined) mapping.fail();
  else if (!isMapping(mapping)) throw typeError(`argument after ** must be a mapping, not ${typeName(mapping)}`);
  else {
    for (const [key, value] of mappingEntries(mapping)) {
      if (!isText(key)) throw typeError('keywords must be strings');
      const name = textOf(key);
      if (merged.has(name)) throw typeError(`got multiple values for keyword argument '${name}'`);
      merged.set(name, value);
    }
  }
  return merged;
}

/** The items of a value for as many targets. */
export function unpack(value: Value, count: number): readonly Value[] {
  const known = sequenceItems(value);
  const items = known ?? unpackOther(value, count);
  if (items.length === count) return items;
  if (items.length > count) throw valueError(`too many values to unpack (expected ${count})`);
  throw valueError(`not enough values to unpack (expected ${count}, got ${items.length})`);
}

function unpackOther(value: Value, count: number): readonly Value[] {
  const iterable = isText(value) || isMapping(value) || (value instanceof Instance && value.iterate !== undefined);
  if (!iterable) throw typeError(`cannot unpack non-iterable ${typeName(value)} object`);
  const items: Value[] = [];
  for (const item of iterate(value)) {
    items.push(item);
    if (items.length > count) break;
  }
  return items;
}

export function assignAttribute(target: Value | undefined, name: string, value: Value): void {
  if (!(target instanceof Namespace)) throw new TemplateRuntimeError('cannot assign attribute on non-namespace object');
  target.attributes.set(name, value);
}

export function isUndefined(value: Value | undefined): boolean {
  return value === undefined || value instanceof Undefined;
}
