import {
  builtin,
  Callable,
  contains,
  equals,
  Float,
  hashKey,
  Instance,
  isFloat,
  isInteger,
  isMapping,
  isNumber,
  isText,
  Markup,
  ordered,
  Range,
  rejectOperand,
  remainderNumbers,
  sequenceItems,
  str,
  textOf,
  typeName,
  Undefined,
  ChainableUndefined,
  length,
  type Builtin,
  type Ordering,
  type Runtime,
  type Value,
} from '../values/index.ts';
import { PythonError } from '../errors.ts';
import { formatPercent } from './format/percent.ts';
import { isLower, isUpper } from './text/classes.ts';

/** `value % divisor == remainder`; a text formats, as `%` does in Python. */
function leaves(runtime: Runtime, value: Value, divisor: Value, remainder: number): boolean {
  if (isText(value)) return equals(formatPercent(runtime, value, divisor), remainder);
  if (isNumber(value) && isNumber(divisor)) return equals(remainderNumbers(value, divisor), remainder);
  return rejectOperand(
    `unsupported operand type(s) for %: '${typeName(value)}' and '${typeName(divisor)}'`,
    value,
    divisor,
  );
}

/** The same object. Small ints, texts, True, False and None are the same when they are equal and of one kind. */
function isSame(a: Value, b: Value): boolean {
  if (a instanceof Float && b instanceof Float) return a === b;
  return Object.is(a, b);
}

/** Python's `len` and `[]` both work. */
function isSequence(value: Value): boolean {
  if (isText(value) || sequenceItems(value) !== null || isMapping(value) || value instanceof Range) return true;
  if (value instanceof Undefined) return quietly(() => length(value) >= 0);
  return value instanceof Instance && value.length !== undefined && value.item !== undefined;
}

/** Python's `iter(value)` works. */
function isIterable(value: Value): boolean {
  if (isText(value) || sequenceItems(value) !== null || isMapping(value)) return true;
  if (value instanceof Undefined) value.iterate();
  return value instanceof Instance && value.iterate !== undefined;
}

function quietly(run: () => boolean): boolean {
  try {
    return run();
  } catch (error) {
    if (error instanceof PythonError || error instanceof Error) return false;
    throw error;
  }
}

const is = (name: string, holds: (value: Value, runtime: Runtime) => boolean): Builtin =>
  builtin(name, ['value'], (runtime, [value = null]) => holds(value, runtime));

const against = (
  names: string,
  holds: (value: Value, other: Value, runtime: Runtime) => boolean,
  parameter = 'b',
): Builtin[] =>
  names
    .split(' ')
    .map((name) =>
      builtin(name, ['value', parameter], (runtime, [value = null, other = null]) => holds(value, other, runtime)),
    );

const order = (names: string, operator: Ordering): Builtin[] => against(names, (a, b) => ordered(operator, a, b));

function known(name: Value, table: ReadonlyMap<string, Callable>): boolean {
  // Python looks the value up in a dict, whatever it is.
  hashKey(name);
  return isText(name) && table.has(textOf(name));
}

const all: readonly Builtin[] = [
  is('odd', (value, runtime) => leaves(runtime, value, 2, 1)),
  is('even', (value, runtime) => leaves(runtime, value, 2, 0)),
  ...against('divisibleby', (value, divisor, runtime) => leaves(runtime, value, divisor, 0), 'num'),
  is('defined', (value) => !(value instanceof Undefined)),
  is('undefined', (value) => value instanceof Undefined),
  is('filter', (value, runtime) => known(value, runtime.filters)),
  is('test', (value, runtime) => known(value, runtime.tests)),
  is('none', (value) => value === null),
  is('boolean', (value) => typeof value === 'boolean'),
  is('false', (value) => value === false),
  is('true', (value) => value === true),
  is('integer', isInteger),
  is('float', isFloat),
  is('number', isNumber),
  is('lower', (value) => isLower(str(value))),
  is('upper', (value) => isUpper(str(value))),
  is('string', isText),
  is('mapping', isMapping),
  is('sequence', isSequence),
  is('iterable', isIterable),
  is('callable', (value) => value instanceof Callable || value instanceof Undefined),
  is('escaped', (value) => value instanceof Markup || value instanceof ChainableUndefined),
  ...against('sameas', isSame, 'other'),
  ...against('in', (value, container) => contains(container, value), 'seq'),
  ...against('== eq equalto', equals),
  ...against('!= ne', (a, b) => !equals(a, b)),
  ...order('> gt greaterthan', '>'),
  ...order('>= ge', '>='),
  ...order('< lt lessthan', '<'),
  ...order('<= le', '<='),
];

/** Jinja2 3.1's tests by name. */
export const tests: ReadonlyMap<string, Builtin> = new Map(all.map((test) => [test.name, test]));
