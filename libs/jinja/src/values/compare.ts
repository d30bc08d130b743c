import { mappingEntries, mappingGet, mappingSize, type Mapping } from './dict.ts';
import { isMapping, isNumber, isText, textOf, typeName } from './types.ts';
import { rejectOperand } from './undefined.ts';
import { Float, Instance, Slice, Tuple, type Value } from './value.ts';

/** The number behind an int, float or bool. */
export function numeric(value: number | bigint | boolean | Float): number | bigint {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value.value : value;
}

/** Python's `a == b`: never an error (but for StrictUndefined), never equal across kinds. */
export function equals(a: Value, b: Value): boolean {
  // NaN is the one value that is not even itself.
  if (a === b) return !(a instanceof Instance) || a.equals(b);
  if (typeof a === 'string' && typeof b === 'string') return false;
  if (a instanceof Instance) return a.equals(b);
  if (b instanceof Instance) return b.equals(a);
  // `==` compares bigint with number by value; both sides are numbers here.
  if (isNumber(a)) return isNumber(b) && numeric(a) == numeric(b);
  if (isText(a)) return isText(b) && textOf(a) === textOf(b);
  if (Array.isArray(a)) return Array.isArray(b) && equalItems(a as readonly Value[], b as readonly Value[]);
  if (a instanceof Tuple) return b instanceof Tuple && equalItems(a.items, b.items);
  if (a instanceof Slice)
    return b instanceof Slice && equals(new Tuple([a.start, a.stop, a.step]), new Tuple([b.start, b.stop, b.step]));
  return isMapping(a) && isMapping(b) && equalEntries(a, b);
}

function equalItems(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, index) => identicalOrEqual(item, b[index] ?? null));
}

function equalEntries(a: Mapping, b: Mapping): boolean {
  if (mappingSize(a) !== mappingSize(b)) return false;
  for (const [key, value] of mappingEntries(a)) {
    const other = mappingGet(b, key);
    if (other === undefined || !identicalOrEqual(value, other)) return false;
  }
  return true;
}

/** How containers compare their items: an object is found even if it does not equal itself. */
export function identicalOrEqual(a: Value, b: Value): boolean {
  return a === b || equals(a, b);
}

export type Ordering = '<' | '<=' | '>' | '>=';

/** Python's `a < b` and its kin. Throws a TypeError for kinds that have no order. */
export function ordered(operator: Ordering, a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return holds(operator, a, b);
  if (isNumber(a) && isNumber(b)) return holds(operator, numeric(a), numeric(b));
  if (isText(a) && isText(b)) return holds(operator, compareText(textOf(a), textOf(b)), 0);
  if (Array.isArray(a) && Array.isArray(b)) return orderedItems(operator, a as readonly Value[], b as readonly Value[]);
  if (a instanceof Tuple && b instanceof Tuple) return orderedItems(operator, a.items, b.items);
  const own = a instanceof Instance ? a.ordered(operator, b) : undefined;
  if (own !== undefined) return own;
  return rejectOperand(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`, a, b);
}

function holds(operator: Ordering, a: number | bigint, b: number | bigint): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

/** The first items that differ decide; the shorter of two equal beginnings is the smaller. */
function orderedItems(operator: Ordering, a: readonly Value[], b: readonly Value[]): boolean {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a[index] ?? null;
    const right = b[index] ?? null;
    if (!identicalOrEqual(left, right)) return ordered(operator, left, right);
  }
  return holds(operator, a.length, b.length);
}

const SURROGATE = /[\ud800-\udfff]/;

/** Orders by code point, as Python does; JavaScript's own order of strings is that of UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  const left = Array.from(a);
  const right = Array.from(b);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** An order for sorting: negative, zero or positive. Only asks `<`, as Python's sort does. */
export function compare(a: Value, b: Value): number {
  if (ordered('<', a, b)) return -1;
  return ordered('<', b, a) ? 1 : 0;
}
