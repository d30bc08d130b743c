import { addNumbers } from './arithmetic.ts';
import { escape } from './markup.ts';
import type { Runtime } from './runtime.ts';
import { isNumber, isText, textOf, typeName } from './types.ts';
import { rejectOperand } from './undefined.ts';
import { Markup, Tuple, type Value } from './value.ts';

function addTexts(runtime: Runtime, a: string | Markup, b: string | Markup): Value {
  runtime.checkSize(textOf(a).length + textOf(b).length, 'maxOutput');
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  return new Markup(escape(a).text + escape(b).text);
}

function addItems(runtime: Runtime, a: readonly Value[], b: readonly Value[]): Value[] {
  runtime.checkSize(a.length + b.length, 'maxRepeat');
  return [...a, ...b];
}

/** Python's `a + b`: numbers, texts (a Markup escapes the other), lists, tuples. Throws its TypeErrors. */
export function add(runtime: Runtime, a: Value, b: Value): Value {
  if (isNumber(a) && isNumber(b)) return addNumbers(a, b);
  if (isText(a) && isText(b)) return addTexts(runtime, a, b);
  if (Array.isArray(a) && Array.isArray(b)) return addItems(runtime, a as readonly Value[], b as readonly Value[]);
  if (a instanceof Tuple && b instanceof Tuple) return new Tuple(addItems(runtime, a.items, b.items));
  const [left, right] = [typeName(a), typeName(b)];
  if (typeof a === 'string' || Array.isArray(a) || a instanceof Tuple) {
    return rejectOperand(`can only concatenate ${left} (not "${right}") to ${left}`, a, b);
  }
  return rejectOperand(`unsupported operand type(s) for +: '${left}' and '${right}'`, a, b);
}
