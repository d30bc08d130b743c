import { FilterArgumentError, PythonError, typeError } from '../../errors.ts';
import {
  builtin,
  divideNumbers,
  Float,
  isFloat,
  isNumber,
  isText,
  makeFloat,
  makeInteger,
  multiplyNumbers,
  numeric,
  powerNumbers,
  rejectOperand,
  str,
  textOf,
  truthy,
  typeName,
  type Builtin,
  type Value,
} from '../../values/index.ts';
import { integer } from '../arguments.ts';
import { toPlaces } from '../format/decimal.ts';
import { floatMagnitude } from '../format/float-text.ts';
import { floatFrom, integerFrom, parseInteger } from '../numbers.ts';

const isConversionError = (error: unknown): boolean =>
  error instanceof PythonError && (error.name === 'TypeError' || error.name === 'ValueError');

/** `run()`, or what `otherwise` gives after Python's TypeError or ValueError. */
function attempt(run: () => Value, otherwise: () => Value): Value {
  try {
    return run();
  } catch (error) {
    if (isConversionError(error)) return otherwise();
    throw error;
  }
}

function toInteger(value: Value, fallback: Value, base: Value): Value {
  return attempt(
    () => makeInteger(isText(value) ? parseInteger(textOf(value), integer(base)) : integerFrom(value)),
    () =>
      attempt(
        () => makeInteger(integerFrom(makeFloat(floatFrom(value)))),
        () => fallback,
      ),
  );
}

function absolute(value: Value): Value {
  if (value instanceof Float) return new Float(Math.abs(value.value));
  if (!isNumber(value)) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
  const number = numeric(value);
  if (typeof number === 'bigint') return number < 0n ? -number : number;
  return Math.abs(number);
}

/** An int rounded to tens, hundreds, …; half to even. */
function roundInteger(value: bigint, places: number): Value {
  if (places >= 0) return makeInteger(value);
  if (-places > value.toString().length) return 0;
  const unit = 10n ** BigInt(-places);
  const magnitude = value < 0n ? -value : value;
  const rest = (magnitude % unit) * 2n;
  let count = magnitude / unit;
  if (rest > unit || (rest === unit && count % 2n === 1n)) count += 1n;
  return makeInteger(value < 0n ? -count * unit : count * unit);
}

/** A float rounded to places after the point (before it when negative), from its exact value, half to even. */
function roundFloat(value: number, places: number): Value {
  if (!Number.isFinite(value) || places > 323 || value === 0) return makeFloat(value);
  if (places < -308) return makeFloat(value < 0 ? -0 : 0);
  const { digits, point } = toPlaces(value, places);
  const rounded = Number(`0.${digits === '' ? '0' : digits}e${point}`);
  if (!Number.isFinite(rounded)) throw new PythonError('OverflowError', 'rounded value too large to represent');
  return makeFloat(value < 0 ? -rounded : rounded);
}

/** Python's `round(value, precision)`: ints stay ints, and so does a float rounded without a precision. */
function roundCommon(value: Value, precision: Value): Value {
  if (!isNumber(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  const places = precision === null ? 0 : integer(precision);
  if (!isFloat(value)) return roundInteger(BigInt(numeric(value)), places);
  const rounded = roundFloat(Number(numeric(value)), places);
  return precision === null ? makeInteger(integerFrom(rounded)) : rounded;
}

function towards(value: Value, precision: Value, step: (value: number) => number): Value {
  if (!isNumber(value) || !isNumber(precision)) {
    if (isText(value) || Array.isArray(value)) throw typeError('must be real number');
    return rejectOperand(
      `unsupported operand type(s) for *: '${typeName(value)}' and '${typeName(precision)}'`,
      value,
      precision,
    );
  }
  const unit = powerNumbers(10, precision);
  if (!isNumber(unit)) return unit;
  const scaled = multiplyNumbers(value, unit);
  if (!isNumber(scaled)) return scaled;
  const whole = isFloat(scaled) ? makeInteger(integerFrom(makeFloat(step(Number(numeric(scaled)))))) : scaled;
  return divideNumbers(whole, unit);
}

function round(value: Value, precision: Value, method: Value): Value {
  switch (str(method)) {
    case 'common':
      return roundCommon(value, precision);
    case 'ceil':
      return towards(value, precision, Math.ceil);
    case 'floor':
      return towards(value, precision, Math.floor);
    default:
      throw new FilterArgumentError('method must be common, ceil or floor');
  }
}

const PREFIXES = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

function fileSize(value: Value, binary: boolean): string {
  const bytes = floatFrom(value);
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${integerFrom(makeFloat(bytes))} Bytes`;
  // Compared with the exact unit, as Python does: 1000 ** 8 is no float.
  const power = PREFIXES.findIndex((_, index) => bytes < BigInt(base) ** BigInt(index + 2));
  const index = power < 0 ? PREFIXES.length - 1 : power;
  const amount = (base * bytes) / base ** (index + 2);
  const prefix = PREFIXES[index] ?? '';
  const unit = binary ? `${prefix.toUpperCase()}iB` : `${prefix}B`;
  return `${floatMagnitude(amount, { conversion: 'f', precision: 1 })} ${unit}`;
}

/** Filters on numbers. */
export const numberFilters: readonly Builtin[] = [
  builtin('abs', ['x'], (_runtime, [value = null]) => absolute(value)),
  builtin('int', ['value', ['default', 0], ['base', 10]], (_runtime, [value = null, fallback = 0, base = 10]) =>
    toInteger(value, fallback, base),
  ),
  builtin('float', ['value', ['default', new Float(0)]], (_runtime, [value = null, fallback = null]) =>
    attempt(
      () => makeFloat(floatFrom(value)),
      () => fallback,
    ),
  ),
  builtin(
    'round',
    ['value', ['precision', 0], ['method', 'common']],
    (_runtime, [value = null, precision = 0, method = 'common']) => round(value, precision, method),
  ),
  builtin('filesizeformat', ['value', ['binary', false]], (_runtime, [value = null, binary = false]) =>
    fileSize(value, truthy(binary)),
  ),
];
