import { PythonError, typeError } from '../../errors.ts';
import {
  escapeText,
  isFloat,
  isNumber,
  isText,
  Markup,
  numeric,
  repr,
  str,
  textOf,
  typeName,
  Undefined,
  type Value,
} from '../../values/index.ts';
import { countCharacters, sliceCharacters } from '../text/characters.ts';
import { integerFrom, floatFrom } from '../numbers.ts';
import { floatMagnitude, type FloatConversion } from './float-text.ts';
import { integerToFloat } from './format-value.ts';

/** One conversion of a `%` format, with `*` already replaced. */
export interface Conversion {
  readonly letter: string;
  readonly left: boolean;
  readonly sign: '' | '+' | ' ';
  readonly alternate: boolean;
  readonly zero: boolean;
  readonly width: number;
  readonly precision: number | null;
}

/** Text outside of ASCII as escapes: what `%a` prints. */
export function ascii(value: Value): string {
  return repr(value).replace(/[^\0-\x7f]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
}

function padded(text: string, { width, left }: Conversion): string {
  const missing = width - countCharacters(text);
  if (missing <= 0) return text;
  return left ? text + ' '.repeat(missing) : ' '.repeat(missing) + text;
}

function textConversion(conversion: Conversion, text: string): string {
  const { precision } = conversion;
  return padded(precision === null ? text : sliceCharacters(text, 0, precision), conversion);
}

/** Sign and prefix stay in front of the zeros that fill up the width. */
function numberConversion(conversion: Conversion, negative: boolean, prefix: string, digits: string): string {
  const lead = (negative ? '-' : conversion.sign) + prefix;
  const zeros = conversion.zero && !conversion.left ? conversion.width - lead.length - digits.length : 0;
  return padded(lead + '0'.repeat(Math.max(zeros, 0)) + digits, conversion);
}

/** The int behind the argument of `%d` (any real number) or `%x` (an int only). */
function integerArgument(letter: string, value: Value, escaping: boolean): bigint {
  const whole = isNumber(value) && !isFloat(value);
  if (whole) return BigInt(numeric(value));
  const binary = 'oxX'.includes(letter);
  if (binary || !(isFloat(value) || value instanceof Undefined || (escaping && isText(value)))) {
    throw typeError(
      `%${letter} format: ${binary ? 'an integer' : 'a real number'} is required, not ${typeName(value)}`,
    );
  }
  return integerFrom(value);
}

function integerConversion(conversion: Conversion, value: Value, escaping: boolean): string {
  const { letter, precision } = conversion;
  if (escaping && 'oxX'.includes(letter)) {
    throw typeError(`%${letter} format: an integer is required, not _MarkupEscapeHelper`);
  }
  const integer = integerArgument(letter, value, escaping);
  const radix = letter === 'o' ? 8 : letter.toLowerCase() === 'x' ? 16 : 10;
  const digits = (integer < 0n ? -integer : integer).toString(radix).padStart(precision ?? 0, '0');
  const prefix = conversion.alternate && radix !== 10 ? `0${letter}` : '';
  return numberConversion(conversion, integer < 0n, prefix, letter === 'X' ? digits.toUpperCase() : digits);
}

function floatArgument(value: Value, escaping: boolean): number {
  if (value instanceof Undefined) return value.fail();
  if (isFloat(value)) return Number(numeric(value));
  if (isNumber(value)) return integerToFloat(BigInt(numeric(value)));
  if (escaping && isText(value)) return floatFrom(value);
  throw typeError(`must be real number, not ${typeName(value)}`);
}

function floatConversion(conversion: Conversion, value: Value, escaping: boolean): string {
  const float = floatArgument(value, escaping);
  const text = floatMagnitude(float, {
    conversion: conversion.letter.toLowerCase() as FloatConversion,
    precision: conversion.precision ?? 6,
    alternate: conversion.alternate,
  });
  const upper = /[EFG]/.test(conversion.letter) ? text.toUpperCase() : text;
  return numberConversion(conversion, float < 0 || Object.is(float, -0), '', upper);
}

function characterConversion(conversion: Conversion, value: Value, escaping: boolean): string {
  if (escaping) throw typeError('%c requires int or char');
  if (isText(value) && countCharacters(textOf(value)) === 1) return padded(textOf(value), conversion);
  if (!isNumber(value) || isFloat(value)) throw typeError('%c requires int or char');
  const code = Number(numeric(value));
  if (code < 0 || code > 0x10ffff) throw new PythonError('OverflowError', '%c arg not in range(0x110000)');
  return padded(String.fromCodePoint(code), conversion);
}

/** The text of one value. `escaping` is for a Markup's format: text is escaped, numbers are read from anything. */
export function convert(conversion: Conversion, value: Value, escaping: boolean): string {
  const escaped = (text: string): string => (escaping ? escapeText(text) : text);
  switch (conversion.letter) {
    case 's':
      return textConversion(conversion, value instanceof Markup ? value.text : escaped(str(value)));
    case 'r':
      return textConversion(conversion, escaped(repr(value)));
    case 'a':
      return textConversion(conversion, escaped(ascii(value)));
    case 'c':
      return characterConversion(conversion, value, escaping);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return integerConversion(conversion, value, escaping);
    default:
      return floatConversion(conversion, value, escaping);
  }
}
