import { PythonError, valueError } from '../../errors.ts';
import {
  builtin,
  makeFloat,
  makeInteger,
  numeric,
  Tuple,
  type Builtin,
  type Float,
  type Value,
} from '../../values/index.ts';

type Real = number | bigint | boolean | Float;

const integerOf = (self: Value): bigint => BigInt(numeric(self as Real));
const floatOf = (self: Value): number => Number(numeric(self as Real));

function intMethod(name: string, run: (self: bigint) => Value): Builtin {
  return builtin(name, ['self'], (_runtime, [self = 0]) => run(integerOf(self)));
}

function floatMethod(name: string, run: (self: number) => Value): Builtin {
  return builtin(name, ['self'], (_runtime, [self = 0]) => run(floatOf(self)));
}

const magnitude = (self: bigint): bigint => (self < 0n ? -self : self);

export const intMethods: readonly Builtin[] = [
  intMethod('bit_length', (self) => (self === 0n ? 0 : magnitude(self).toString(2).length)),
  intMethod('bit_count', (self) => magnitude(self).toString(2).replaceAll('0', '').length),
  intMethod('conjugate', makeInteger),
  intMethod('as_integer_ratio', (self) => new Tuple([makeInteger(self), 1])),
];

/** The fraction in lowest terms whose denominator is a power of two. */
function ratio(self: number): Tuple {
  if (Number.isNaN(self)) throw valueError('cannot convert NaN to integer ratio');
  if (!Number.isFinite(self)) throw new PythonError('OverflowError', 'cannot convert Infinity to integer ratio');
  let numerator = self;
  let denominator = 1n;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    denominator *= 2n;
  }
  return new Tuple([makeInteger(BigInt(numerator)), makeInteger(denominator)]);
}

/** `float.hex()`: sign, one digit, thirteen hexadecimal digits, binary exponent. */
function hex(self: number): string {
  if (!Number.isFinite(self)) return Number.isNaN(self) ? 'nan' : self > 0 ? 'inf' : '-inf';
  const sign = self < 0 || Object.is(self, -0) ? '-' : '';
  if (self === 0) return `${sign}0x0.0p+0`;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(self));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = (bits & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const exponent = biased === 0 ? -1022 : biased - 1023;
  return `${sign}0x${biased === 0 ? 0 : 1}.${fraction}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

export const floatMethods: readonly Builtin[] = [
  floatMethod('is_integer', Number.isInteger),
  floatMethod('conjugate', makeFloat),
  floatMethod('as_integer_ratio', ratio),
  floatMethod('hex', hex),
];
