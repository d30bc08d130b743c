import type { FormatSpec } from './format-spec.ts';

/** A number in the parts that padding and grouping treat differently. */
export interface NumberParts {
  readonly negative: boolean;
  /** `0x` and the like. */
  readonly prefix: string;
  /** Digits before the point. */
  readonly whole: string;
  /** Point, fraction, exponent, percent sign. */
  readonly rest: string;
  /** Digits between separators: 3, or 4 for the binary types. */
  readonly groupSize: number;
}

/** Pads text to the width with the fill; `=` belongs to numbers and aligns like `>` here. */
export function pad(text: string, size: number, spec: Pick<FormatSpec, 'fill' | 'align' | 'width'>): string {
  const missing = spec.width - size;
  if (missing <= 0) return text;
  if (spec.align === '<') return text + spec.fill.repeat(missing);
  if (spec.align !== '^') return spec.fill.repeat(missing) + text;
  const left = Math.floor(missing / 2);
  return spec.fill.repeat(left) + text + spec.fill.repeat(missing - left);
}

/** Separators between groups, counted from the right; zeros in front fill up to `width` without starting with one. */
function group(digits: string, separator: string, size: number, width: number): string {
  if (separator === '' || !/^[\da-f]+$/i.test(digits)) return digits.padStart(width, '0');
  let count = Math.max(digits.length, width - Math.floor(width / (size + 1)));
  while (count + Math.floor((count - 1) / size) < width) count += 1;
  const padded = digits.padStart(count, '0');
  const first = padded.length % size || size;
  const groups = [padded.slice(0, first)];
  for (let at = first; at < padded.length; at += size) groups.push(padded.slice(at, at + size));
  return groups.join(separator);
}

function signText(negative: boolean, sign: FormatSpec['sign']): string {
  if (negative) return '-';
  return sign === '+' || sign === ' ' ? sign : '';
}

/** Sign, prefix, grouping, fill and width around a number's digits. */
export function layOutNumber(parts: NumberParts, spec: FormatSpec): string {
  const lead = signText(parts.negative, spec.sign) + parts.prefix;
  const zeros = spec.align === '=' && spec.fill === '0' ? spec.width - lead.length - parts.rest.length : 0;
  const digits = group(parts.whole, spec.grouping, parts.groupSize, Math.max(zeros, 0)) + parts.rest;
  if (spec.align !== '=') return pad(lead + digits, lead.length + digits.length, spec);
  return lead + pad(digits, lead.length + digits.length, spec);
}
