import { formatPercent } from '../builtins/index.ts';
import { typeError } from '../errors.ts';
import {
  addNumbers,
  contains,
  divideNumbers,
  escape,
  floorDivideNumbers,
  indexOf,
  isNumber,
  isText,
  Markup,
  multiplyNumbers,
  powerNumbers,
  rejectOperand,
  remainderNumbers,
  str,
  subtractNumbers,
  textOf,
  Tuple,
  typeName,
  type NumberValue,
  type Runtime,
  type Value,
} from '../values/index.ts';

/** The operators of expressions over all kinds of values. */

function unsupported(operator: string, a: Value, b: Value): never {
  return rejectOperand(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`, a, b);
}

export function add(rt: Runtime, a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    // Two integers with an exact sum; the rest needs a closer look.
    if (Number.isSafeInteger(sum) && Number.isInteger(a) && Number.isInteger(b)) return sum;
  }
  if (typeof a === 'string' && typeof b === 'string') return checkedText(rt, a + b);
  if (isNumber(a) && isNumber(b)) return addNumbers(a, b);
  if (isText(a)) return addText(rt, a, b);
  if (Array.isArray(a)) {
    if (!Array.isArray(b)) return rejectOperand(`can only concatenate list (not "${typeName(b)}") to list`, b);
    rt.checkSize(a.length + b.length, 'maxRepeat');
    return [...(a as Value[]), ...(b as Value[])];
  }
  if (a instanceof Tuple) {
    if (!(b instanceof Tuple)) return rejectOperand(`can only concatenate tuple (not "${typeName(b)}") to tuple`, b);
    rt.checkSize(a.items.length + b.items.length, 'maxRepeat');
    return new Tuple([...a.items, ...b.items]);
  }
  return unsupported('+', a, b);
}

function checkedText(rt: Runtime, text: string): string {
  rt.checkSize(text.length, 'maxOutput');
  return text;
}

/** Text of which one side is markup is markup, and the other side is escaped. */
function addText(rt: Runtime, a: string | Markup, b: Value): Value {
  if (!isText(b)) return rejectOperand(`can only concatenate str (not "${typeName(b)}") to str`, b);
  return a instanceof Markup || b instanceof Markup
    ? new Markup(checkedText(rt, escape(a).text + escape(b).text))
    : checkedText(rt, a + b);
}

export function subtract(_rt: Runtime, a: Value, b: Value): Value {
  return isNumber(a) && isNumber(b) ? subtractNumbers(a, b) : unsupported('-', a, b);
}

export function multiply(rt: Runtime, a: Value, b: Value): Value {
  if (isNumber(a)) return isNumber(b) ? multiplyNumbers(a, b) : repeat(rt, b, a);
  return isNumber(b) || isText(a) || Array.isArray(a) || a instanceof Tuple ? repeat(rt, a, b) : unsupported('*', a, b);
}

function repeat(rt: Runtime, sequence: Value, times: Value): Value {
  if (!isText(sequence) && !Array.isArray(sequence) && !(sequence instanceof Tuple))
    return unsupported('*', sequence, times);
  const index = indexOf(times);
  if (index === null) {
    return rejectOperand(`can't multiply sequence by non-int of type '${typeName(times)}'`, times);
  }
  const count = Math.max(0, index);
  const size = isText(sequence)
    ? textOf(sequence).length
    : Array.isArray(sequence)
      ? sequence.length
      : sequence.items.length;
  rt.checkSize(size * count, 'maxRepeat');
  if (size === 0 || count === 0) return emptyLike(sequence);
  if (typeof sequence === 'string') return sequence.repeat(count);
  if (sequence instanceof Markup) return new Markup(sequence.text.repeat(count));
  const items = sequence instanceof Tuple ? sequence.items : (sequence as readonly Value[]);
  const repeated = Array.from({ length: count }, () => items).flat(1);
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated;
}

function emptyLike(sequence: string | Markup | readonly Value[] | Tuple): Value {
  if (typeof sequence === 'string') return '';
  if (sequence instanceof Markup) return new Markup('');
  return sequence instanceof Tuple ? new Tuple([]) : [];
}

/** One operator of numbers only. */
function numberOperator(symbol: string, compute: (a: NumberValue, b: NumberValue) => Value) {
  return (_rt: Runtime, a: Value, b: Value): Value =>
    isNumber(a) && isNumber(b) ? compute(a, b) : unsupported(symbol, a, b);
}

export const divide = numberOperator('/', divideNumbers);
export const floorDivide = numberOperator('//', floorDivideNumbers);
export const power = numberOperator('** or pow()', powerNumbers);

/** `%`: the remainder of numbers, formatting of text. */
export function remainder(rt: Runtime, a: Value, b: Value): Value {
  if (isText(a)) return formatPercent(rt, a, b);
  return isNumber(a) && isNumber(b) ? remainderNumbers(a, b) : unsupported('%', a, b);
}

/** `~`: everything as text; with markup among it, markup. */
export function concat(rt: Runtime, parts: readonly Value[], escaping: boolean): Value {
  if (escaping && parts.some((part) => part instanceof Markup)) {
    return new Markup(checkedText(rt, parts.map((part) => escape(part).text).join('')));
  }
  let text = '';
  for (const part of parts) text += str(part);
  return checkedText(rt, text);
}

export function isIn(item: Value, container: Value): boolean {
  return contains(container, item);
}

export function cycle(index: number, items: readonly Value[]): Value {
  if (items.length === 0) throw typeError('no items for cycling given');
  return items[index % items.length] ?? null;
}
