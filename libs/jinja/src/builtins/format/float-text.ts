import { toPlaces, toShortest, toSignificant, type Decimal } from './decimal.ts';

/** Conversions of a float: exponent, fixed, general, shortest that reads back (Python's repr). */
export type FloatConversion = 'e' | 'f' | 'g' | 'r';

export interface FloatStyle {
  readonly conversion: FloatConversion;
  /** Digits after the point (`e`, `f`) or significant digits (`g`); ignored by `r`. */
  readonly precision: number;
  /** Keep the point and trailing zeros (`#`). */
  readonly alternate?: boolean;
  /** Print `1.0` instead of `1`, as `str` and an empty format type do. */
  readonly addPointZero?: boolean;
}

/** Digits with the point set, padded with zeros up to `places` after the point. */
function withPoint(digits: string, point: number, places: number): { whole: string; fraction: string } {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return { whole: whole === '' ? '0' : whole, fraction: fraction.padEnd(places, '0') };
}

function exponentText(exponent: number): string {
  return `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function join(whole: string, fraction: string, style: FloatStyle, exponent: string): string {
  if (fraction !== '') return `${whole}.${fraction}${exponent}`;
  if (exponent === '' && style.addPointZero) return `${whole}.0`;
  return style.alternate ? `${whole}.${exponent}` : whole + exponent;
}

function general(value: Decimal, precision: number, style: FloatStyle): string {
  const keepZeros = style.alternate === true && style.conversion === 'g';
  const digits = keepZeros ? value.digits : value.digits.replace(/0+$/, '');
  const limit = style.conversion === 'r' ? 16 : precision - (style.addPointZero ? 1 : 0);
  if (value.point <= -4 || value.point > limit) {
    return join(digits.slice(0, 1) || '0', digits.slice(1), style, exponentText(value.point - 1));
  }
  const { whole, fraction } = withPoint(digits, value.point, keepZeros ? precision - Math.max(value.point, 0) : 0);
  return join(whole, fraction, style, '');
}

function magnitude(value: number, style: FloatStyle): string {
  const { precision } = style;
  switch (style.conversion) {
    case 'e': {
      const { digits, point } = toSignificant(value, precision + 1);
      return join(digits.slice(0, 1), digits.slice(1), style, exponentText(value === 0 ? 0 : point - 1));
    }
    case 'f': {
      const { digits, point } = toPlaces(value, precision);
      const { whole, fraction } = withPoint(digits, digits === '' ? 0 : point, precision);
      return join(whole, fraction, style, '');
    }
    case 'g': {
      const count = Math.max(precision, 1);
      return general(toSignificant(value, count), count, style);
    }
    case 'r':
      return general(toShortest(value), 17, style);
  }
}

/** A float's text without its sign, as CPython's `PyOS_double_to_string` writes it (`inf` and `nan` included). */
export function floatMagnitude(value: number, style: FloatStyle): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return 'inf';
  return magnitude(value, style);
}
