import { PythonError, typeError, valueError } from '../errors.ts';
import {
  checkIntegerBits,
  isFloat,
  isNumber,
  isText,
  numeric,
  quote,
  textOf,
  typeName,
  Undefined,
  type Value,
} from '../values/index.ts';
import { strip } from './text/strip.ts';

const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?|inf(?:inity)?|nan)$/i;

/** Decimal digits of any script as ASCII ones, as Python's `int` and `float` read them. */
function asciiDigits(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (character) => {
    if (!/\p{Nd}/u.test(character)) return character;
    // Digits of a script are ten code points in a row; its zero is where the row starts.
    let zero = character.codePointAt(0) ?? 0;
    const code = zero;
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return String(code - zero);
  });
}

function parseFloatText(text: string): number {
  const trimmed = asciiDigits(strip(text));
  if (!FLOAT.test(trimmed)) throw valueError(`could not convert string to float: ${quote(text)}`);
  if (/nan/i.test(trimmed)) return Number.NaN;
  if (/inf/i.test(trimmed)) return trimmed.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(trimmed.replaceAll('_', ''));
}

/** Python's `float(value)` as a JavaScript number. Throws its TypeError, ValueError and OverflowError. */
export function floatFrom(value: Value): number {
  if (value instanceof Undefined) return value.fail();
  if (isText(value)) return parseFloatText(textOf(value));
  if (!isNumber(value)) throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
  const float = Number(numeric(value));
  if (typeof value === 'bigint' && !Number.isFinite(float)) {
    throw new PythonError('OverflowError', 'int too large to convert to float');
  }
  return float;
}

const PREFIXES: Readonly<Record<string, number>> = { '0b': 2, '0o': 8, '0x': 16 };
const MOST_DIGITS = 4_300;

function digitsIn(body: string, base: number): bigint | null {
  if (!/^[0-9a-z]+(?:_[0-9a-z]+)*$/i.test(body)) return null;
  const digits = body.replaceAll('_', '');
  if (base === 10) return /^\d+$/.test(digits) ? BigInt(digits) : null;
  checkIntegerBits(digits.length * Math.log2(base));
  let value = 0n;
  for (const digit of digits) {
    const worth = Number.parseInt(digit, 36);
    if (Number.isNaN(worth) || worth >= base) return null;
    value = value * BigInt(base) + BigInt(worth);
  }
  return value;
}

/** Python's `int(text, base)`; base 0 reads the prefix. Throws its ValueError. */
export function parseInteger(text: string, base = 10): bigint {
  if (base !== 0 && (base < 2 || base > 36)) throw valueError('int() base must be >= 2 and <= 36, or 0');
  const invalid = (): Error => valueError(`invalid literal for int() with base ${base}: ${quote(text)}`);
  const trimmed = asciiDigits(strip(text)).toLowerCase();
  const unsigned = trimmed.replace(/^[+-]/, '');
  const prefixed = PREFIXES[unsigned.slice(0, 2)];
  const skip = prefixed !== undefined && (base === 0 || base === prefixed);
  // After a prefix one underscore may stand, as in 0x_ff.
  const body = skip ? unsigned.slice(2).replace(/^_/, '') : unsigned;
  const actual = base === 0 ? (prefixed ?? 10) : base;
  if (base === 0 && !skip && /^0+[_0]*[1-9]/.test(unsigned)) throw invalid();
  if ((actual & (actual - 1)) !== 0 && body.length > MOST_DIGITS) {
    throw valueError(`Exceeds the limit (${MOST_DIGITS}) for integer string conversion`);
  }
  const value = digitsIn(body, actual);
  if (value === null) throw invalid();
  return trimmed.startsWith('-') ? -value : value;
}

/** Python's `int(value)` of a number or text. Throws its TypeError, ValueError and OverflowError. */
export function integerFrom(value: Value): bigint {
  if (value instanceof Undefined) return value.fail();
  if (isText(value)) return parseInteger(textOf(value));
  if (!isNumber(value)) {
    throw typeError(`int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`);
  }
  if (!isFloat(value)) return BigInt(numeric(value));
  const float = Number(numeric(value));
  if (Number.isNaN(float)) throw valueError('cannot convert float NaN to integer');
  if (!Number.isFinite(float)) throw new PythonError('OverflowError', 'cannot convert float infinity to integer');
  return BigInt(Math.trunc(float));
}
