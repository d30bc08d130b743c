import { hashKey, type HashKey } from './hash.ts';
import { Float, type Value } from './value.ts';

/** Python's dict: in order of insertion, with Python's idea of equal keys. */
export class Dict {
  /** Values by hash key. Most keys are their own hash key; the others are kept in `originals`. */
  private readonly values = new Map<HashKey, Value>();
  private originals: Map<HashKey, Value> | null = null;

  static from(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  get size(): number {
    return this.values.size;
  }

  get(key: Value): Value | undefined {
    return this.values.get(hashKey(key));
  }

  has(key: Value): boolean {
    return this.values.has(hashKey(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    if (hash !== key && !this.values.has(hash)) (this.originals ??= new Map<HashKey, Value>()).set(hash, key);
    this.values.set(hash, value);
  }

  delete(key: Value): boolean {
    const hash = hashKey(key);
    this.originals?.delete(hash);
    return this.values.delete(hash);
  }

  clear(): void {
    this.values.clear();
    this.originals = null;
  }

  *keys(): IterableIterator<Value> {
    if (this.originals === null) yield* this.values.keys();
    else for (const hash of this.values.keys()) yield this.originals.get(hash) ?? hash;
  }

  entryValues(): IterableIterator<Value> {
    return this.values.values();
  }

  *entries(): IterableIterator<[Value, Value]> {
    if (this.originals === null) yield* this.values.entries();
    else for (const [hash, value] of this.values) yield [this.originals.get(hash) ?? hash, value];
  }

  copy(): Dict {
    return Dict.from(this.entries());
  }
}

/** Anything that Python code would see as a dict. */
export type Mapping = Dict | Readonly<Record<string, Value>> | ReadonlyMap<Value, Value>;

/**
 * Plain objects that a template gave a key they cannot hold (1, markup), or not in its place ('80'), as the dicts they are since
 * then. The object itself gets the string keys too, for code that reads them on the spot.
 */
const outgrown = new WeakMap<object, Dict>();
let hasOutgrown = false;
const INTEGER_LIKE = /^(?:0|[1-9]\d*)$/;

const current = (mapping: Mapping): Mapping => (hasOutgrown ? (outgrown.get(mapping) ?? mapping) : mapping);

function outgrow(mapping: Mapping): Dict {
  const dict = Dict.from(Object.entries(mapping as Readonly<Record<string, Value>>));
  outgrown.set(mapping, dict);
  hasOutgrown = true;
  return dict;
}

/** `mapping[key]`, or undefined. A plain object has string keys only, and only its own. */
export function mappingGet(given: Mapping, key: Value): Value | undefined {
  const mapping = current(given);
  if (mapping instanceof Dict) return mapping.get(key);
  if (mapping instanceof Map)
    return mapping.get(mapKey(mapping as ReadonlyMap<Value, Value>, key)) as Value | undefined;
  const text = objectKeyOf(key);
  return text !== null && Object.prototype.propertyIsEnumerable.call(mapping, text)
    ? (mapping as Readonly<Record<string, Value>>)[text]
    : undefined;
}

export function mappingHas(given: Mapping, key: Value): boolean {
  const mapping = current(given);
  if (mapping instanceof Dict) return mapping.has(key);
  if (mapping instanceof Map) return mapping.has(mapKey(mapping as ReadonlyMap<Value, Value>, key));
  const text = objectKeyOf(key);
  return text !== null && Object.prototype.propertyIsEnumerable.call(mapping, text);
}

export function mappingSize(given: Mapping): number {
  const mapping = current(given);
  return mapping instanceof Dict || mapping instanceof Map ? mapping.size : Object.keys(mapping).length;
}

export function mappingKeys(given: Mapping): Iterable<Value> {
  const mapping = current(given);
  if (mapping instanceof Dict || mapping instanceof Map) return mapping.keys() as Iterable<Value>;
  return Object.keys(mapping);
}

export function mappingEntries(given: Mapping): Iterable<[Value, Value]> {
  const mapping = current(given);
  if (mapping instanceof Dict || mapping instanceof Map) return mapping.entries() as Iterable<[Value, Value]>;
  return Object.entries(mapping as Readonly<Record<string, Value>>);
}

/** Writes a key as Python would. On a plain object it becomes an own property whatever its name, `__proto__` included. */
export function mappingSet(mapping: Mapping, key: Value, value: Value): void {
  if (mapping instanceof Dict) mapping.set(key, value);
  else if (mapping instanceof Map) mapping.set(mapKey(mapping as ReadonlyMap<Value, Value>, key), value);
  else {
    const name = objectKeyOf(key);
    const held = name !== null && Object.hasOwn(mapping, name);
    const misplaced = !held && (typeof key !== 'string' || INTEGER_LIKE.test(key));
    const dict = outgrown.get(mapping) ?? (misplaced ? outgrow(mapping) : undefined);
    dict?.set(key, value);
    if (name === null) return;
    Object.defineProperty(mapping, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

export function mappingDelete(mapping: Mapping, key: Value): boolean {
  if (mapping instanceof Dict) return mapping.delete(key);
  if (mapping instanceof Map) return mapping.delete(mapKey(mapping as ReadonlyMap<Value, Value>, key));
  const name = objectKeyOf(key);
  const held = outgrown.get(mapping)?.delete(key) ?? mappingHas(mapping, key);
  return held && (name === null || Reflect.deleteProperty(mapping, name));
}

/** The key under which a caller's Map holds what Python calls equal to `key`. */
function mapKey(map: ReadonlyMap<Value, Value>, key: Value): Value {
  if (map.has(key)) return key;
  const hash = hashKey(key);
  if (map.has(hash)) return hash;
  if (hash === 0 || hash === 1) return map.has(hash === 1) ? hash === 1 : key;
  return key instanceof Float ? hash : key;
}

function objectKeyOf(key: Value): string | null {
  if (typeof key === 'string') return key;
  // Lists and dicts are not hashable, whatever they are looked up in.
  const hash = hashKey(key);
  return typeof key === 'object' && typeof hash === 'string' && hash.charCodeAt(0) !== 0 ? hash : null;
}
