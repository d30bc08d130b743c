import { PythonError, typeError, valueError } from '../../errors.ts';
import type { Float } from '../../values/index.ts';
import {
  isFloat,
  isNumber,
  isText,
  numeric,
  str,
  textOf,
  typeName,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { countCharacters, sliceCharacters } from '../text/characters.ts';
import { floatMagnitude, type FloatConversion } from './float-text.ts';
import { parseFormatSpec, type FormatSpec } from './format-spec.ts';
import { layOutNumber, pad } from './layout.ts';

const unknownCode = (type: string, name: string): Error =>
  valueError(`Unknown format code '${type}' for object of type '${name}'`);

function formatText(text: string, spec: FormatSpec): string {
  if (spec.type !== 's') throw unknownCode(spec.type, 'str');
  if (spec.sign !== '') throw valueError('Sign not allowed in string format specifier');
  if (spec.noNegativeZero) throw valueError('Negative zero coercion (z) not allowed in string format specifier');
  if (spec.alternate) throw valueError('Alternate form (#) not allowed in string format specifier');
  if (spec.align === '=') throw valueError("'=' alignment not allowed in string format specifier");
  const cut = spec.precision === null ? text : sliceCharacters(text, 0, spec.precision);
  return pad(cut, countCharacters(cut), spec);
}

const RADIXES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

function formatCharacter(value: bigint, spec: FormatSpec): string {
  if (spec.sign !== '') throw valueError("Sign not allowed with integer format specifier 'c'");
  if (spec.alternate) throw valueError("Alternate form (#) not allowed with integer format specifier 'c'");
  if (value < 0n || value > 0x10ffffn) throw new PythonError('OverflowError', '%c arg not in range(0x110000)');
  return pad(String.fromCodePoint(Number(value)), 1, spec);
}

function formatInteger(value: bigint, spec: FormatSpec): string {
  if (spec.precision !== null) throw valueError('Precision not allowed in integer format specifier');
  if (spec.noNegativeZero) throw valueError('Negative zero coercion (z) not allowed in integer format specifier');
  if (spec.type === 'c') return formatCharacter(value, spec);
  const radix = RADIXES[spec.type];
  const digits = (value < 0n ? -value : value).toString(radix ?? 10);
  return layOutNumber(
    {
      negative: value < 0n,
      prefix: radix !== undefined && spec.alternate ? `0${spec.type}` : '',
      whole: spec.type === 'X' ? digits.toUpperCase() : digits,
      rest: '',
      groupSize: radix === undefined ? 3 : 4,
    },
    spec,
  );
}

/** How a float's type letter converts; no letter means `repr`, or `g` once a precision is given. */
function floatStyle(spec: FormatSpec): { conversion: FloatConversion; precision: number; addPointZero: boolean } {
  const precision = spec.precision ?? 6;
  if (spec.type === '') return { conversion: spec.precision === null ? 'r' : 'g', precision, addPointZero: true };
  const letter = spec.type.toLowerCase();
  const conversion = letter === 'n' ? 'g' : letter === '%' ? 'f' : letter;
  return { conversion: conversion as FloatConversion, precision, addPointZero: false };
}

function formatFloat(value: number, spec: FormatSpec): string {
  const scaled = spec.type === '%' ? value * 100 : value;
  const plain = floatMagnitude(scaled, { ...floatStyle(spec), alternate: spec.alternate });
  const text = /[EFG]/.test(spec.type) ? plain.toUpperCase() : plain;
  const whole = /^(?:\d+|[a-zA-Z]+)/.exec(text)?.[0] ?? '';
  const isZero = !/[1-9a-z]/i.test(text.replace(/e.*/i, ''));
  const negative = (value < 0 || Object.is(value, -0)) && !(spec.noNegativeZero && isZero);
  const rest = text.slice(whole.length) + (spec.type === '%' ? '%' : '');
  return layOutNumber({ negative, prefix: '', whole, rest, groupSize: 3 }, spec);
}

/** An int as a float; Python refuses those beyond the range. */
export function integerToFloat(value: bigint): number {
  const float = Number(value);
  if (!Number.isFinite(float)) throw new PythonError('OverflowError', 'int too large to convert to float');
  return float;
}

function formatNumber(value: number | bigint | boolean | Float, text: string): string {
  const name = typeName(value);
  const spec = parseFormatSpec(text, name, '>', '');
  if (isFloat(value)) {
    if (!'eEfFgGn%'.includes(spec.type)) throw unknownCode(spec.type, name);
    return formatFloat(Number(numeric(value)), spec);
  }
  if (spec.type === '' || 'bcdoxXn'.includes(spec.type)) return formatInteger(BigInt(numeric(value)), spec);
  if (!'eEfFgG%'.includes(spec.type)) throw unknownCode(spec.type, name);
  return formatFloat(integerToFloat(BigInt(numeric(value))), spec);
}

/** Refuses widths and precisions past the limit before anything is made of them. */
function checkCounts(runtime: Runtime, text: string): void {
  for (const digits of text.match(/\d+/g) ?? []) runtime.checkSize(Number(digits), 'maxRepeat');
}

/** Python's `format(value, spec)`. Throws its ValueErrors, and TypeError for kinds that take no specifier. */
export function formatValue(runtime: Runtime, value: Value, spec: string): string {
  if (spec === '') return str(value);
  checkCounts(runtime, spec);
  if (isText(value)) return formatText(textOf(value), parseFormatSpec(spec, typeName(value), '<', 's'));
  if (isNumber(value)) return formatNumber(value, spec);
  throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
}
