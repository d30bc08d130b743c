import { PythonError, typeError, valueError } from '../errors.ts';
import { mappingGet, type Mapping } from './dict.ts';
import { codePoints } from './iterate.ts';
import { isInteger, isMapping, isText, sequenceItems, textOf, typeName } from './types.ts';
import { Instance, Markup, Slice, Tuple, type Value } from './value.ts';
import { Range } from './views.ts';

/** An index as a number, or null if the value is none. Python counts True as 1. */
export function indexOf(value: Value): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return isInteger(value) ? Number(value) : null;
}

/** `value[key]`, or undefined where Python would raise a LookupError or TypeError. */
export function findItem(value: Value, key: Value): Value | undefined {
  if (key instanceof Slice) return sliceOf(value, key);
  const items = sequenceItems(value);
  if (items !== null) return itemAt(items, key);
  if (isText(value)) {
    const index = indexOf(key);
    if (index === null) return undefined;
    const char = itemAt(codePoints(textOf(value)), index);
    return char === undefined || typeof value === 'string' ? char : new Markup(String(char));
  }
  if (value instanceof Instance) return instanceItem(value, key);
  return isMapping(value) ? dictItem(value, key) : undefined;
}

function itemAt(items: readonly Value[], key: Value): Value | undefined {
  const index = indexOf(key);
  return index === null ? undefined : items[index < 0 ? items.length + index : index];
}

function instanceItem(value: Instance, key: Value): Value | undefined {
  if (!(value instanceof Range)) return value.item?.(key);
  const index = indexOf(key);
  if (index === null) return undefined;
  const at = index < 0 ? value.size + index : index;
  return at >= 0 && at < value.size ? value.start + at * value.step : undefined;
}

/** An unhashable key is a TypeError in Python, which a lookup in a template takes for "not there". */
function dictItem(mapping: Mapping, key: Value): Value | undefined {
  try {
    return mappingGet(mapping, key);
  } catch (error) {
    if (error instanceof PythonError) return undefined;
    throw error;
  }
}

/** `value[start:stop:step]` of a str, list, tuple or range. Throws Python's TypeError for anything else. */
export function sliceOf(value: Value, slice: Slice): Value {
  const items = sequenceItems(value);
  if (items !== null) {
    const part = sliceItems(items, slice);
    return value instanceof Tuple ? new Tuple(part) : part;
  }
  if (isText(value)) {
    const part = sliceItems(codePoints(textOf(value)), slice).join('');
    return typeof value === 'string' ? part : new Markup(part);
  }
  if (value instanceof Range) return sliceRange(value, slice);
  if (value instanceof Instance && value.item !== undefined) return value.item(slice) ?? null;
  if (isMapping(value)) throw typeError(`unhashable type: 'slice'`);
  throw typeError(`'${typeName(value)}' object is not subscriptable`);
}

interface Span {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** The bounds of a slice over `size` items, clipped as Python's `slice.indices` does. */
export function sliceSpan(slice: Slice, size: number): Span {
  const step = bound(slice.step) ?? 1;
  if (step === 0) throw valueError('slice step cannot be zero');
  const low = step < 0 ? -1 : 0;
  const high = step < 0 ? size - 1 : size;
  const clip = (given: number | null, otherwise: number): number => {
    if (given === null) return otherwise;
    return Math.min(Math.max(given < 0 ? given + size : given, low), high);
  };
  return {
    start: clip(bound(slice.start), step < 0 ? high : low),
    stop: clip(bound(slice.stop), step < 0 ? low : high),
    step,
  };
}

function bound(value: Value): number | null {
  if (value === null) return null;
  const index = indexOf(value);
  if (index !== null) return index;
  throw typeError('slice indices must be integers or None or have an __index__ method');
}

function sliceItems(items: readonly Value[], slice: Slice): Value[] {
  const { start, stop, step } = sliceSpan(slice, items.length);
  if (step === 1) return items.slice(start, Math.max(start, stop));
  const part: Value[] = [];
  for (let index = start; step > 0 ? index < stop : index > stop; index += step) part.push(items[index] ?? null);
  return part;
}

function sliceRange(range: Range, slice: Slice): Range {
  const { start, stop, step } = sliceSpan(slice, range.size);
  return new Range(range.start + start * range.step, range.start + stop * range.step, range.step * step);
}
