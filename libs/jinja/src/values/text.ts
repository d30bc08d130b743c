import { SecurityError } from '../errors.ts';
import { isPlainObject, typeName } from './types.ts';
import { mappingEntries, type Mapping } from './dict.ts';
import { Float, Instance, Markup, Slice, Tuple, type Value } from './value.ts';

/** Characters that a text may have unless an environment says otherwise. */
export const LONGEST_TEXT = 64 * 1024 * 1024;

/** A container may hold itself many times over, so that its text is longer than all its parts. */
function bounded(text: string): string {
  if (text.length > LONGEST_TEXT)
    throw new SecurityError(`printing a value takes more than ${LONGEST_TEXT} characters`);
  return text;
}

/** Python's `str(value)`: what a template prints. */
export function str(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return value ? 'True' : 'False';
    case 'number':
      return numberText(value);
    case 'bigint':
      return value.toString();
    default:
      if (value instanceof Markup) return value.text;
      if (value instanceof Instance) return value.str();
      return repr(value);
  }
}

/** Python's `repr(value)`: how values look inside of printed lists and dicts. */
export function repr(value: Value): string {
  return reprIn(value, []);
}

/** The items of a container, printed; `container` guards against printing itself for ever. */
export function reprItems(items: Iterable<Value>, container: object, parents: readonly object[] = []): string {
  const inside = [...parents, container];
  return bounded(Array.from(items, (item) => reprIn(item, inside)).join(', '));
}

function reprIn(value: Value, parents: readonly object[]): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || value === undefined) return 'None';
  if (typeof value !== 'object') return typeof value === 'function' ? '<function>' : str(value);
  if (Array.isArray(value)) {
    return parents.includes(value) ? '[...]' : `[${reprItems(value as readonly Value[], value, parents)}]`;
  }
  if (value instanceof Instance) return parents.includes(value) ? '...' : value.repr(parents);
  if (value instanceof Markup) return `Markup(${quote(value.text)})`;
  if (value instanceof Tuple) {
    return `(${reprItems(value.items, value, parents)}${value.items.length === 1 ? ',' : ''})`;
  }
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Slice) return `slice(${repr(value.start)}, ${repr(value.stop)}, ${repr(value.step)})`;
  if (typeName(value) === 'dict') {
    return parents.includes(value) ? '{...}' : `{${reprEntries(value as Mapping, parents)}}`;
  }
  return `<${isPlainObject(value) ? 'dict' : 'object'}>`;
}

function reprEntries(mapping: Mapping, parents: readonly object[]): string {
  const inside = [...parents, mapping];
  const parts: string[] = [];
  for (const [key, value] of mappingEntries(mapping)) parts.push(`${reprIn(key, inside)}: ${reprIn(value, inside)}`);
  return bounded(parts.join(', '));
}

function numberText(value: number): string {
  if (!Number.isInteger(value)) return floatText(value);
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

/** Python's `repr(float)`: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const size = Math.abs(exponent).toString().padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  // JavaScript writes this whole span without an exponent, but for the numbers from 1e-7 down, which are handled above.
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

const UNPRINTABLE = /[\p{C}\p{Z}]/u;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Python's `repr(str)`. */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = '';
  for (const char of text) {
    const escape = ESCAPES[char];
    if (escape !== undefined) out += escape;
    else if (char === mark) out += `\\${char}`;
    else out += char !== ' ' && UNPRINTABLE.test(char) ? codePointEscape(char.codePointAt(0) ?? 0) : char;
  }
  return mark + out + mark;
}

function codePointEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
