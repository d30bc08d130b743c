import { valueError } from '../../errors.ts';

/** One `{…}` of a format string. */
export interface ReplacementField {
  /** `0`, `name.attribute[key]` or empty. */
  readonly name: string;
  /** `r`, `s`, `a`, or empty. */
  readonly conversion: string;
  /** The format specifier, which may hold fields itself. */
  readonly spec: string;
}

export type FormatPart = string | ReplacementField;

/** Cuts a format string into text and fields (Python library reference, "Format String Syntax"). Throws its ValueErrors. */
export function parseFormatString(text: string): FormatPart[] {
  const parts: FormatPart[] = [];
  const braces = /[{}]/g;
  let at = 0;
  let match: RegExpExecArray | null;
  while ((match = braces.exec(text)) !== null) {
    const { index, 0: brace } = match;
    parts.push(text.slice(at, index));
    if (text[index + 1] === brace) {
      parts.push(brace);
      at = index + 2;
    } else if (brace === '}' || index + 1 === text.length) {
      throw valueError(`Single '${brace}' encountered in format string`);
    } else {
      const { field, end } = readField(text, index + 1);
      parts.push(field);
      at = end;
    }
    braces.lastIndex = at;
  }
  parts.push(text.slice(at));
  return parts;
}

/** Where the name of a field ends: at `}`, `:`, `!`. Brackets hide them. */
function nameEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{') throw valueError("unexpected '{' in field name");
    if (character === '}' || character === ':' || character === '!') return at;
    if (character === '[') {
      const close = text.indexOf(']', at);
      at = close < 0 ? text.length : close;
    }
  }
  throw valueError("expected '}' before end of string");
}

function specEnd(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  throw valueError("unmatched '{' in format spec");
}

function readField(text: string, start: number): { field: ReplacementField; end: number } {
  let at = nameEnd(text, start);
  const name = text.slice(start, at);
  if (text[at] === '}') return { field: { name, conversion: '', spec: '' }, end: at + 1 };
  let conversion = '';
  if (text[at] === '!') {
    conversion = String.fromCodePoint(text.codePointAt(at + 1) ?? 0);
    at += 1 + conversion.length;
    if (at > text.length) throw valueError('end of string while looking for conversion specifier');
    if (text[at] === '}') return { field: { name, conversion, spec: '' }, end: at + 1 };
    if (at < text.length && text[at] !== ':') throw valueError("expected ':' after conversion specifier");
  }
  const end = specEnd(text, at + 1);
  return { field: { name, conversion, spec: text.slice(at + 1, end) }, end: end + 1 };
}

/** One step from the first part of a field's name to its value. */
export interface NameStep {
  readonly kind: 'attribute' | 'item';
  readonly name: string;
}

/** Splits `first.attribute[item]`. Throws Python's ValueErrors. */
export function parseFieldName(name: string): { first: string; steps: NameStep[] } {
  const first = /^[^.[]*/.exec(name)?.[0] ?? '';
  const steps: NameStep[] = [];
  let at = first.length;
  while (at < name.length) {
    const step = /^(?:\.(?<attribute>[^.[]*)|\[(?<item>[^\]]*)(?<close>\])?)/.exec(name.slice(at));
    if (step === null) throw valueError("Only '.' or '[' may follow ']' in format field specifier");
    const { attribute, item, close } = step.groups ?? {};
    if (item !== undefined && close === undefined) throw valueError("Missing ']' in format string");
    if ((attribute ?? item) === '') throw valueError('Empty attribute in format string');
    steps.push({ kind: attribute === undefined ? 'item' : 'attribute', name: attribute ?? item ?? '' });
    at += step[0].length;
  }
  return { first, steps };
}
