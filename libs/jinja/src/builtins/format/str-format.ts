import { PythonError, valueError } from '../../errors.ts';
import {
  ChainableUndefined,
  escapeText,
  getAttribute,
  Markup,
  repr,
  str,
  textOf,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { itemOrError } from '../items.ts';
import { ascii } from './percent-conversion.ts';
import { formatValue } from './format-value.ts';
import { parseFieldName, parseFormatString, type ReplacementField } from './replacement-field.ts';

/** Where the fields of a format string get their values. */
export interface FormatArguments {
  /** Null for `format_map`, which has none. */
  readonly positional: readonly Value[] | null;
  /** The value of a name. Throws Python's KeyError. */
  readonly named: (name: string) => Value;
}

const DEEPEST = 2;

/**
 * Python's `str.format`, with the sandbox's rule for attributes: a field reaches own keys and the fixed tables as a
 * template does. A Markup as the format escapes what it prints and gives a Markup.
 */
export function formatString(runtime: Runtime, format: string | Markup, args: FormatArguments): Value {
  const escaping = format instanceof Markup;
  const result = new StringFormatter(runtime, args, escaping).run(textOf(format), DEEPEST);
  return escaping ? new Markup(result) : result;
}

class StringFormatter {
  private nextIndex = 0;
  private numbering: 'unknown' | 'automatic' | 'manual' = 'unknown';

  constructor(
    private readonly runtime: Runtime,
    private readonly args: FormatArguments,
    private readonly escaping: boolean,
  ) {}

  run(format: string, depth: number): string {
    if (depth === 0) throw valueError('Max string recursion exceeded');
    let result = '';
    for (const part of parseFormatString(format)) {
      result += typeof part === 'string' ? part : this.field(part, depth);
      this.runtime.checkSize(result.length, 'maxOutput');
    }
    return result;
  }

  private field({ name, conversion, spec }: ReplacementField, depth: number): string {
    const value = converted(this.value(name), conversion);
    const filled = spec.includes('{') ? this.run(spec, depth - 1) : spec;
    if (!this.escaping) return formatValue(this.runtime, value, filled);
    // It claims to have every method, the one that formats as markup included, and cannot be called.
    if (value instanceof ChainableUndefined) return value.fail();
    if (!(value instanceof Markup)) return escapeText(formatValue(this.runtime, value, filled));
    if (filled !== '') throw valueError('Unsupported format specification for Markup.');
    return value.text;
  }

  private value(name: string): Value {
    const { first, steps } = parseFieldName(name);
    let value = this.first(first);
    for (const step of steps) {
      if (step.kind === 'attribute') value = getAttribute(this.runtime, value, step.name);
      else value = itemOrError(value, /^\d+$/.test(step.name) ? Number(step.name) : step.name);
    }
    return value;
  }

  private first(name: string): Value {
    if (name !== '' && !/^\d+$/.test(name)) return this.args.named(name);
    this.number(name === '' ? 'automatic' : 'manual');
    const index = name === '' ? this.nextIndex++ : Number(name);
    if (this.args.positional === null) throw valueError('Format string contains positional fields');
    const value = this.args.positional[index];
    if (value !== undefined) return value;
    throw new PythonError('IndexError', `Replacement index ${index} out of range for positional args tuple`);
  }

  /** Fields are either all numbered by hand or all by order. */
  private number(kind: 'automatic' | 'manual'): void {
    if (this.numbering === 'unknown') this.numbering = kind;
    if (this.numbering === kind) return;
    const [from, to] =
      kind === 'manual'
        ? ['automatic field numbering', 'manual field specification']
        : ['manual field specification', 'automatic field numbering'];
    throw valueError(`cannot switch from ${from} to ${to}`);
  }
}

function converted(value: Value, conversion: string): Value {
  switch (conversion) {
    case '':
      return value;
    case 's':
      return str(value);
    case 'r':
      return repr(value);
    case 'a':
      return ascii(value);
    default:
      throw valueError(`Unknown conversion specifier '${conversion}'`);
  }
}
