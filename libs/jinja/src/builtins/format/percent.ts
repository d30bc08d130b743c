import { typeError, valueError } from '../../errors.ts';
import {
  Instance,
  isMapping,
  Markup,
  Range,
  sequenceItems,
  textOf,
  Tuple,
  Undefined,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { integer } from '../arguments.ts';
import { itemOrError } from '../items.ts';
import { convert, type Conversion } from './percent-conversion.ts';

/**
 * Python's `format % argument` (library reference, "printf-style String Formatting"). A Markup as the format escapes
 * what it prints and gives a Markup.
 */
export function formatPercent(runtime: Runtime, format: string | Markup, argument: Value): Value {
  const escaping = format instanceof Markup;
  const result = new PercentFormatter(runtime, textOf(format), argument, escaping).run();
  return escaping ? new Markup(result) : result;
}

/** What Python calls a mapping here: anything with items that is neither a tuple nor a str. */
function hasItems(value: Value): boolean {
  if (value instanceof Tuple) return false;
  if (value instanceof Undefined || value instanceof Range) return true;
  if (value instanceof Instance) return value.item !== undefined;
  return sequenceItems(value) !== null || isMapping(value);
}

const SPECIFIER = /([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?/y;

class PercentFormatter {
  private at = 0;
  private used = 0;
  /** What conversions take their values from. */
  private items: readonly Value[];
  private readonly mapping: Value | null;

  constructor(
    private readonly runtime: Runtime,
    private readonly format: string,
    argument: Value,
    private readonly escaping: boolean,
  ) {
    this.items = argument instanceof Tuple ? argument.items : [argument];
    this.mapping = hasItems(argument) ? argument : null;
  }

  run(): string {
    let result = '';
    while (this.at < this.format.length) {
      const next = this.format.indexOf('%', this.at);
      result += this.format.slice(this.at, next < 0 ? undefined : next);
      if (next < 0) break;
      this.at = next + 1;
      result += this.one();
      this.runtime.checkSize(result.length, 'maxOutput');
    }
    if (this.used < this.items.length && this.mapping === null) {
      throw typeError('not all arguments converted during string formatting');
    }
    return result;
  }

  /** The text of one conversion, from behind its percent sign. */
  private one(): string {
    if (this.format[this.at] === '%') {
      this.at += 1;
      return '%';
    }
    if (this.format[this.at] === '(') this.takeKeyed();
    SPECIFIER.lastIndex = this.at;
    const match = SPECIFIER.exec(this.format);
    const [whole = '', flags = '', width, precision] = match ?? [];
    this.at += whole.length;
    const given = width === undefined ? 0 : this.count(width);
    const places = whole.includes('.') ? Math.max(this.count(precision ?? '0'), 0) : null;
    const letter = this.letter();
    const conversion: Conversion = {
      letter,
      left: flags.includes('-') || given < 0,
      sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '',
      alternate: flags.includes('#'),
      zero: flags.includes('0'),
      width: Math.abs(given),
      precision: places,
    };
    return convert(conversion, this.next(), this.escaping);
  }

  private letter(): string {
    const code = this.format.codePointAt(this.at);
    if (code === undefined) throw valueError('incomplete format');
    const letter = String.fromCodePoint(code);
    if (!'sracdiuoxXeEfFgG'.includes(letter)) {
      throw valueError(`unsupported format character '${letter}' (0x${code.toString(16)}) at index ${this.at}`);
    }
    this.at += 1;
    return letter;
  }

  private count(digits: string): number {
    let value: number;
    if (digits === '*') {
      const given = this.next();
      if (typeof given !== 'number' && typeof given !== 'boolean') throw typeError('* wants int');
      value = integer(given);
    } else value = Number(digits);
    this.runtime.checkSize(Math.abs(value), 'maxRepeat');
    return value;
  }

  private next(): Value {
    const value = this.items[this.used];
    if (value === undefined) throw typeError('not enough arguments for format string');
    this.used += 1;
    return value;
  }

  /** `(key)`: from here on its item is all there is to take. Parentheses inside of the key nest. */
  private takeKeyed(): void {
    if (this.mapping === null) throw typeError('format requires a mapping');
    let depth = 1;
    let end = this.at + 1;
    while (depth > 0) {
      const character = this.format[end];
      if (character === undefined) throw valueError('incomplete format key');
      if (character === '(') depth += 1;
      if (character === ')') depth -= 1;
      end += 1;
    }
    const key = this.format.slice(this.at + 1, end - 1);
    this.at = end;
    this.items = [itemOrError(this.mapping, key)];
    this.used = 0;
  }
}
