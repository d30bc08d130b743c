import { Dict } from '@flotilla/jinja';

/** Makes a value from JSON read-only for templates, with everything in it. */
export function deepFreeze<Value extends object>(value: Value): Value {
  for (const item of itemsOf(value)) if (typeof item === 'object' && item !== null) deepFreeze(item);
  return Object.freeze(value);
}

/** A copy of a value from JSON that a template may change, lists and mappings at every depth. */
export function thawed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(thawed);
  if (value instanceof Dict) return Dict.from([...value.entries()].map(([key, item]) => [key, thawed(item) as object]));
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, thawed(item)]));
}

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

const itemsOf = (value: object): Iterable<unknown> =>
  value instanceof Dict ? value.entryValues() : Object.values(value);
