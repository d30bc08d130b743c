import { typeError, valueError } from '../../errors.ts';
import {
  builtin,
  compare,
  floatText,
  isFloat,
  isMapping,
  isNumber,
  isText,
  mappingEntries,
  Markup,
  numeric,
  sequenceItems,
  str,
  textOf,
  Tuple,
  typeName,
  type Builtin,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { integerOrNull } from '../arguments.ts';

/** Python's `json.dumps` with sorted keys and ASCII only. */
class JsonWriter {
  private readonly parents: object[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly indent: string | null,
  ) {}

  write(value: Value): string {
    if (value === null || typeof value === 'boolean') return String(value);
    if (isText(value)) return quoteAscii(textOf(value));
    if (isFloat(value)) return floatJson(Number(numeric(value)));
    if (isNumber(value)) return str(value);
    const items = sequenceItems(value);
    if (items !== null) return this.nested(value, '[', ']', items, (item) => this.write(item));
    if (!isMapping(value)) throw typeError(`Object of type ${typeName(value)} is not JSON serializable`);
    const entries = [...mappingEntries(value)].sort(([a], [b]) => compare(a, b)).map((entry) => new Tuple(entry));
    return this.nested(value, '{', '}', entries, (entry) => this.entry(entry));
  }

  private entry(entry: Value): string {
    const [key = null, value = null] = entry instanceof Tuple ? entry.items : [];
    return `${quoteAscii(keyText(key))}: ${this.write(value)}`;
  }

  private nested(
    container: object,
    open: string,
    close: string,
    items: readonly Value[],
    write: (item: Value) => string,
  ): string {
    if (items.length === 0) return open + close;
    if (this.parents.includes(container)) throw valueError('Circular reference detected');
    this.parents.push(container);
    const depth = this.parents.length;
    const parts = items.map(write);
    this.runtime.checkSize(sizeOf(parts), 'maxOutput');
    this.parents.pop();
    if (this.indent === null) return open + parts.join(', ') + close;
    const line = `\n${this.indent.repeat(depth)}`;
    return `${open}${line}${parts.join(`,${line}`)}\n${this.indent.repeat(depth - 1)}${close}`;
  }
}

const sizeOf = (parts: readonly string[]): number => parts.reduce((size, part) => size + part.length, 0);

function keyText(key: Value): string {
  if (isText(key)) return textOf(key);
  if (key === null || typeof key === 'boolean') return String(key);
  if (isFloat(key)) return floatJson(Number(numeric(key)));
  if (isNumber(key)) return str(key);
  throw typeError(`keys must be str, int, float, bool or None, not ${typeName(key)}`);
}

function floatJson(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

function quoteAscii(text: string): string {
  return JSON.stringify(text).replace(
    /[^\0-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const UNSAFE: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026', "'": '\\u0027' };

function toJson(runtime: Runtime, value: Value, indent: Value): Markup {
  const width = isText(indent) ? textOf(indent) : spaces(runtime, indent);
  const text = new JsonWriter(runtime, width)
    .write(value)
    .replace(/[<>&']/g, (character) => UNSAFE[character] ?? character);
  runtime.checkSize(text.length, 'maxOutput');
  return new Markup(text);
}

function spaces(runtime: Runtime, indent: Value): string | null {
  const width = integerOrNull(indent);
  if (width === null) return null;
  runtime.checkSize(width, 'maxRepeat');
  return ' '.repeat(Math.max(width, 0));
}

/** `tojson`: JSON that is safe inside of HTML. */
export const jsonFilter: Builtin = builtin(
  'tojson',
  ['value', ['indent', null]],
  (runtime, [value = null, indent = null]) => toJson(runtime, value, indent),
);
