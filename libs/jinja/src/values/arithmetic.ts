import { PythonError, SecurityError, typeError } from '../errors.ts';
import { numeric } from './compare.ts';
import { isFloat, isNumber, typeName } from './types.ts';
import { rejectOperand } from './undefined.ts';
import { Float, makeFloat, type Value } from './value.ts';

/** Arithmetic of Python's numbers. Sequences and strings are the operators' business, not this file's. */

export type NumberValue = number | bigint | boolean | Float;

/** Bits an integer may grow to; past it `**` and `<<`-like growth would stall the process. */
const MAX_INTEGER_BITS = 100_000;

/** @throws SecurityError for an integer of more bits than an integer may have */
export function checkIntegerBits(bits: number): void {
  if (bits > MAX_INTEGER_BITS) throw new SecurityError('an integer grew past the limit');
}

/** An int in its one representation: a number while it is exact, else a bigint. */
export function makeInteger(n: bigint): number | bigint {
  if (n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(n);
  checkIntegerBits(n.toString(16).length * 4);
  return n;
}

function exact(value: number | bigint): bigint {
  return BigInt(value);
}

const inexact = (value: NumberValue): number => Number(numeric(value));

/** An operand beside a float. */
function floatOperand(value: NumberValue): number {
  const float = inexact(value);
  if (typeof value === 'bigint' && !Number.isFinite(float)) {
    throw new PythonError('OverflowError', 'int too large to convert to float');
  }
  return float;
}

/** Both are ints that a JavaScript number holds exactly. */
const areSmall = (a: NumberValue, b: NumberValue): boolean => typeof a !== 'bigint' && typeof b !== 'bigint';

function divisionByZero(message: string): never {
  throw new PythonError('ZeroDivisionError', message);
}

export function addNumbers(a: NumberValue, b: NumberValue): Value {
  if (isFloat(a) || isFloat(b)) return makeFloat(floatOperand(a) + floatOperand(b));
  const sum = inexact(a) + inexact(b);
  return areSmall(a, b) && Number.isSafeInteger(sum) ? sum : makeInteger(exact(numeric(a)) + exact(numeric(b)));
}

export function subtractNumbers(a: NumberValue, b: NumberValue): Value {
  if (isFloat(a) || isFloat(b)) return makeFloat(floatOperand(a) - floatOperand(b));
  const difference = inexact(a) - inexact(b);
  return areSmall(a, b) && Number.isSafeInteger(difference)
    ? difference
    : makeInteger(exact(numeric(a)) - exact(numeric(b)));
}

export function multiplyNumbers(a: NumberValue, b: NumberValue): Value {
  if (isFloat(a) || isFloat(b)) return makeFloat(floatOperand(a) * floatOperand(b));
  const product = inexact(a) * inexact(b);
  return areSmall(a, b) && Number.isSafeInteger(product) ? product : makeInteger(exact(numeric(a)) * exact(numeric(b)));
}

/** `/`: always a float. */
export function divideNumbers(a: NumberValue, b: NumberValue): Value {
  const isFloating = isFloat(a) || isFloat(b);
  if (inexact(b) === 0) return divisionByZero(isFloating ? 'float division by zero' : 'division by zero');
  return isFloating || areSmall(a, b)
    ? makeFloat(floatOperand(a) / floatOperand(b))
    : divideIntegers(exact(numeric(a)), exact(numeric(b)));
}

/** The quotient of two ints, rounded once, where dividing their floats would round three times. */
function divideIntegers(a: bigint, b: bigint): Value {
  const [dividend, divisor] = [a < 0n ? -a : a, b < 0n ? -b : b];
  const shift = Math.max(divisor.toString(2).length - dividend.toString(2).length + 66, 0);
  const scaled = dividend << BigInt(shift);
  // The lowest bit stands for everything that was cut off, so that a tie is not taken for one.
  const quotient =
    Number((scaled / divisor) | (scaled % divisor === 0n ? 0n : 1n)) *
    2 ** -Math.ceil(shift / 2) *
    2 ** -Math.floor(shift / 2);
  if (!Number.isFinite(quotient))
    throw new PythonError('OverflowError', 'integer division result too large for a float');
  return makeFloat(a < 0n !== b < 0n ? -quotient : quotient);
}

/** The remainder with the divisor's sign, as Python has it. */
function floorRemainder(a: number, b: number): number {
  const remainder = a % b;
  if (remainder === 0) return b < 0 ? -0 : 0;
  return remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** The quotient of two floats, floored as CPython's `float_floor_div` does it. */
function floorQuotient(a: number, b: number): number {
  if (b === 0) return divisionByZero('float floor division by zero');
  const remainder = a % b;
  const quotient = (a - remainder) / b - (remainder !== 0 && remainder < 0 !== b < 0 ? 1 : 0);
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

export function floorDivideNumbers(a: NumberValue, b: NumberValue): Value {
  if (isFloat(a) || isFloat(b)) {
    return makeFloat(floorQuotient(floatOperand(a), floatOperand(b)));
  }
  const divisor = exact(numeric(b));
  if (divisor === 0n) return divisionByZero('integer division or modulo by zero');
  const dividend = exact(numeric(a));
  const quotient = dividend / divisor;
  return makeInteger(dividend % divisor !== 0n && dividend < 0n !== divisor < 0n ? quotient - 1n : quotient);
}

export function remainderNumbers(a: NumberValue, b: NumberValue): Value {
  const divisor = inexact(b);
  if (isFloat(a) || isFloat(b)) {
    if (divisor === 0) return divisionByZero('float modulo');
    return makeFloat(floorRemainder(floatOperand(a), floatOperand(b)));
  }
  if (divisor === 0) return divisionByZero('integer modulo by zero');
  if (Number.isSafeInteger(inexact(a)) && Number.isSafeInteger(divisor)) return floorRemainder(inexact(a), divisor) + 0;
  const remainder = exact(numeric(a)) % exact(numeric(b));
  return makeInteger(remainder !== 0n && remainder < 0n !== divisor < 0 ? remainder + exact(numeric(b)) : remainder);
}

export function powerNumbers(a: NumberValue, b: NumberValue): Value {
  if (isFloat(a) || isFloat(b)) return floatPower(floatOperand(a), floatOperand(b));
  const base = exact(numeric(a));
  const exponent = exact(numeric(b));
  if (exponent < 0n) return negativePower(base, exponent);
  const bits = (base < 0n ? -base : base).toString(2).length;
  if (bits > 1 && Number(exponent) * bits > MAX_INTEGER_BITS) {
    throw new SecurityError(`an integer to the power of ${exponent} is past the limit`);
  }
  if (bits <= 1) return base === 0n ? (exponent === 0n ? 1 : 0) : base > 0n || exponent % 2n === 0n ? 1 : -1;
  return makeInteger(base ** exponent);
}

/** Rounded once, as the C library does; JavaScript's own power may be one digit off (`10 ** -4`). */
function negativePower(base: bigint, exponent: bigint): Value {
  const inverse = -exponent;
  const isShort = inverse <= 1_100n && base !== 0n && base > -(2n ** 53n) && base < 2n ** 53n;
  return isShort ? divideIntegers(1n, base ** inverse) : floatPower(floatOperand(base), floatOperand(exponent));
}

function floatPower(base: number, exponent: number): Value {
  if (base === 0 && exponent < 0) return divisionByZero('0.0 cannot be raised to a negative power');
  if (base === 1 || exponent === 0) return new Float(1);
  const power = base ** exponent;
  if (!Number.isFinite(power) && Number.isFinite(base) && Number.isFinite(exponent)) {
    if (Number.isNaN(power))
      throw typeError('a negative number to a fractional power is complex, which is not supported');
    throw new PythonError('OverflowError', "(34, 'Numerical result out of range')");
  }
  return makeFloat(power);
}

export function negate(value: Value): Value {
  if (typeof value === 'number') return Number.isInteger(value) ? 0 - value : -value;
  if (value instanceof Float) return new Float(-value.value);
  if (isNumber(value)) return subtractNumbers(0, value);
  return rejectOperand(`bad operand type for unary -: '${typeName(value)}'`, value);
}

export function positive(value: Value): Value {
  if (isNumber(value)) return typeof value === 'boolean' ? numeric(value) : value;
  return rejectOperand(`bad operand type for unary +: '${typeName(value)}'`, value);
}
