import { makeFloat, makeInteger, type Value } from '../values/index.ts';

/** Literals as Python reads them. */

export function readInteger(text: string): Value {
  return makeInteger(BigInt(text.replaceAll('_', '')));
}

export function readFloat(text: string): Value {
  return makeFloat(Number(text.replaceAll('_', '')));
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const CODE_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPE = /\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|([^]))/g;

/**
 * The text of a string literal without its quotes. An unknown escape keeps its backslash (`'Haproxy\ Stats'`).
 * @throws Error with Python's words for a cut-off or impossible escape
 */
export function readString(body: string): string {
  if (!body.includes('\\')) return body;
  return body.replace(ESCAPE, (whole: string, octal?: string, kind?: string, digits?: string, char?: string) => {
    if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
    if (kind !== undefined) return readCodePoint(kind, digits ?? '');
    if (char === 'N') throw new Error('\\N escapes are not supported, write \\u or \\U instead');
    return SIMPLE_ESCAPES[char ?? ''] ?? whole;
  });
}

function readCodePoint(kind: string, digits: string): string {
  const size = CODE_ESCAPES[kind] ?? 0;
  if (digits.length < size) throw new Error(`truncated \\${kind}${'X'.repeat(size)} escape`);
  const code = parseInt(digits.slice(0, size), 16);
  if (code > 0x10ffff) throw new Error('illegal Unicode character');
  return String.fromCodePoint(code) + digits.slice(size);
}
