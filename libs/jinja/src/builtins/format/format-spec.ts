import { valueError } from '../../errors.ts';
import { sliceCharacters } from '../text/characters.ts';

/** A parsed format specifier (Python library reference, "Format Specification Mini-Language"). */
export interface FormatSpec {
  readonly fill: string;
  /** Empty when not given: text aligns left, numbers right. */
  readonly align: '' | '<' | '>' | '=' | '^';
  readonly sign: '' | '+' | '-' | ' ';
  readonly noNegativeZero: boolean;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: '' | ',' | '_';
  /** Null when not given. */
  readonly precision: number | null;
  /** One character, empty when not given. */
  readonly type: string;
}

const SPEC =
  /^(?:(?<fill>[^])?(?<align>[<>=^]))?(?<sign>[ +-])?(?<zneg>z)?(?<alternate>#)?(?<zero>0)?(?<width>\p{Nd}+)?(?<grouping>[,_]{1,2})?(?:\.(?<precision>\p{Nd}*))?(?<type>[^]*)$/u;

/** A count in a specifier, in any script's digits. */
function count(digits: string | undefined): number | null {
  if (digits === undefined) return null;
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) throw valueError('Too many decimal digits in format string');
  return value;
}

function groupingOf(text: string | undefined): '' | ',' | '_' {
  if (text === undefined) return '';
  if (text === ',,') throw valueError("Cannot specify ',' with ','.");
  if (text.length > 1) throw valueError("Cannot specify both ',' and '_'.");
  return text === ',' ? ',' : '_';
}

/** Parses a specifier for a value of Python class `typeName`. */
export function parseFormatSpec(text: string, typeName: string): FormatSpec {
  const groups = SPEC.exec(text)?.groups ?? {};
  const type = groups['type'] ?? '';
  if (groups['precision'] === '') throw valueError('Format specifier missing precision');
  if (sliceCharacters(type, 1) !== '') {
    throw valueError(`Invalid format specifier '${text}' for object of type '${typeName}'`);
  }
  const zero = groups['zero'] !== undefined;
  const align = (groups['align'] ?? '') as FormatSpec['align'];
  return {
    fill: groups['fill'] ?? (zero ? '0' : ' '),
    // A leading zero means padding between the sign and the digits, unless an alignment says otherwise.
    align: align === '' && zero ? '=' : align,
    sign: (groups['sign'] ?? '') as FormatSpec['sign'],
    noNegativeZero: groups['zneg'] !== undefined,
    alternate: groups['alternate'] !== undefined,
    width: count(groups['width']) ?? 0,
    grouping: groupingOf(groups['grouping']),
    precision: count(groups['precision']),
    type,
  };
}
