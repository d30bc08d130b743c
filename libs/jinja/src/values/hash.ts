import { typeError } from '../errors.ts';
import { Float, Instance, Markup, Slice, Tuple, type Value } from './value.ts';

/** A dict's key in the form that makes equal keys (1, 1.0, True) the same key of a JavaScript Map. */
export type HashKey = Value;

const identities = new WeakMap<object, number>();
let nextIdentity = 1;

function identity(value: object): number {
  let id = identities.get(value);
  if (id === undefined) identities.set(value, (id = nextIdentity++));
  return id;
}

/** Strings stand for themselves, except those that could be taken for a composed key. */
function textKey(text: string): string {
  return text.charCodeAt(0) === 0 ? `\0s${text}` : text;
}

/** The hash key of a value. Throws Python's TypeError for lists and dicts, which are not hashable. */
export function hashKey(value: Value): HashKey {
  switch (typeof value) {
    case 'string':
      return textKey(value);
    case 'number':
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'boolean':
      return value ? 1 : 0;
    case 'bigint':
      return value;
    default:
      return objectKey(value);
  }
}

function objectKey(value: object | null): HashKey {
  if (value === null || value === undefined) return null;
  if (value instanceof Float) return hashKey(value.value);
  if (value instanceof Markup) return textKey(value.text);
  if (value instanceof Tuple) return `\0t${value.items.map(partKey).join('')}`;
  if (value instanceof Instance) return value.hashKey();
  if (value instanceof Slice) throw typeError(`unhashable type: 'slice'`);
  throw typeError(`unhashable type: '${Array.isArray(value) ? 'list' : 'dict'}'`);
}

/** One element of a tuple's key: its kind, its length, its text; no two different tuples share the whole. */
function partKey(value: Value): string {
  const key = hashKey(value);
  const text = typeof key === 'object' && key !== null ? String(identity(key)) : String(key);
  const kind = typeof key === 'bigint' ? 'number' : typeof key;
  return `${kind[0] ?? ''}${text.length}:${text}`;
}
