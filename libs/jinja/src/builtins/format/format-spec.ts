import { valueError } from '../../errors.ts';
import { sliceCharacters } from '../text/characters.ts';

/** A parsed format specifier (Python library reference, "Format Specification Mini-Language"). */
export interface FormatSpec {
  readonly fill: string;
  readonly align: '<' | '>' | '=' | '^';
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

/** Only these types take a thousands separator; the binary ones only `_`. */
function checkGrouping(grouping: string, type: string): void {
  if (grouping === '' || ['', 'd', 'e', 'f', 'g', 'E', 'G', '%', 'F'].includes(type)) return;
  if (grouping === '_' && ['b', 'o', 'x', 'X'].includes(type)) return;
  throw valueError(`Cannot specify '${grouping}' with '${type}'.`);
}

/**
 * Parses a specifier for a value of Python class `typeName`, which aligns and converts by default as given (text left
 * and `s`, numbers right and nothing).
 */
export function parseFormatSpec(
  text: string,
  typeName: string,
  defaultAlign: '<' | '>',
  defaultType: '' | 's',
): FormatSpec {
  const groups = SPEC.exec(text)?.groups ?? {};
  const type = groups['type'] || defaultType;
  if (groups['precision'] === '') throw valueError('Format specifier missing precision');
  if (sliceCharacters(type, 1) !== '') {
    throw valueError(`Invalid format specifier '${text}' for object of type '${typeName}'`);
  }
  const zero = groups['zero'] !== undefined;
  const grouping = groupingOf(groups['grouping']);
  checkGrouping(grouping, type);
  // A leading zero pads numbers between sign and digits, unless an alignment says otherwise.
  const align = groups['align'] ?? (zero && groups['fill'] === undefined && defaultAlign === '>' ? '=' : defaultAlign);
  return {
    fill: groups['fill'] ?? (zero ? '0' : ' '),
    align: align as FormatSpec['align'],
    sign: (groups['sign'] ?? '') as FormatSpec['sign'],
    noNegativeZero: groups['zneg'] !== undefined,
    alternate: groups['alternate'] !== undefined,
    width: count(groups['width']) ?? 0,
    grouping,
    precision: count(groups['precision']),
    type,
  };
}
