/** A finite float as decimal digits: `0.d1d2d3… × 10^point` (as C's dtoa returns it). */
export interface Decimal {
  readonly negative: boolean;
  /** Significant digits without a leading zero; empty means zero. */
  readonly digits: string;
  /** Place of the decimal point relative to the first digit. */
  readonly point: number;
}

/** The exact value of a float as `mantissa × 2^exponent`. */
function binaryParts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10_0000_0000_0000n, exponent: biased - 1075 };
}

/** Divides and rounds half to even, as IEEE 754 and Python round. */
function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice < denominator) return quotient;
  if (twice > denominator) return quotient + 1n;
  return quotient % 2n === 0n ? quotient : quotient + 1n;
}

/** `value × 10^places` rounded half to even, from the exact binary value. */
function scaled(value: number, places: number): bigint {
  const { mantissa, exponent } = binaryParts(value);
  let numerator = mantissa;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (places >= 0) numerator *= 10n ** BigInt(places);
  else denominator *= 10n ** BigInt(-places);
  return divideHalfEven(numerator, denominator);
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

/** No float has more digits than these; what is asked for beyond is zeros. */
const MOST_PLACES = 1_074;
const MOST_SIGNIFICANT = 767;

/** Digits of `value` up to `places` after the point (dtoa mode 3, without the zeros past the exact value). */
export function toPlaces(value: number, places: number): Decimal {
  const exact = Math.min(places, MOST_PLACES);
  const digits = scaled(value, exact);
  const text = digits === 0n ? '' : digits.toString();
  return { negative: isNegative(value), digits: text, point: text.length - exact };
}

/** `wanted` significant digits of `value` (dtoa mode 2, with trailing zeros). */
export function toSignificant(value: number, wanted: number): Decimal {
  if (value === 0) return { negative: isNegative(value), digits: '0'.repeat(wanted), point: 1 };
  const count = Math.min(wanted, MOST_SIGNIFICANT);
  let point = Math.floor(Math.log10(Math.abs(value))) + 1;
  let digits = scaled(value, count - point).toString();
  // The logarithm may be off by one, and rounding may carry into a new digit.
  while (digits.length !== count) {
    point += digits.length > count ? 1 : -1;
    digits = scaled(value, count - point).toString();
  }
  return { negative: isNegative(value), digits: digits.padEnd(wanted, '0'), point };
}

/** The shortest digits that read back as `value` (dtoa mode 0). */
export function toShortest(value: number): Decimal {
  if (value === 0) return { negative: isNegative(value), digits: '', point: 1 };
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e');
  return { negative: isNegative(value), digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}
