import { ENTITY_TABLE, LEGACY_ENTITY_NAMES } from './entity-names.ts';

/**
 * HTML character references (WHATWG HTML, "Numeric character reference end state" and "Named character references"):
 * what `Markup.unescape` and `striptags` turn back into characters.
 */
const REFERENCE = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu;
/** What references to U+0080–U+009F mean: the characters of windows-1252. (Node's own decoder takes it for Latin-1.) */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

let table: ReadonlyMap<string, string> | null = null;

/** Names with their semicolon, and those known without one, to characters. Built when first needed. */
function entities(): ReadonlyMap<string, string> {
  if (table !== null) return table;
  const built = new Map<string, string>();
  for (const entry of ENTITY_TABLE.trim().split(/\s+/)) {
    const [name = '', codes = ''] = entry.split('=');
    const points = codes.split('-').map((code) => Number.parseInt(code, 16));
    built.set(`${name};`, String.fromCodePoint(...points));
  }
  for (const name of LEGACY_ENTITY_NAMES.trim().split(/\s+/)) built.set(name, built.get(`${name};`) ?? '');
  return (table = built);
}

/** Code points a reference may not name: controls and non-characters. */
function isDropped(code: number): boolean {
  if (code < 0x20) return code !== 9 && code !== 10 && code !== 12;
  return code === 0x7f || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

function numericCharacter(reference: string): string {
  const digits = reference.slice(1).replace(';', '');
  const code = /^[xX]/.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
  if (code === 0) return '\ufffd';
  if (code === 13) return '\r';
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_1252.charAt(code - 0x80);
  if ((code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return '\ufffd';
  return isDropped(code) ? '' : String.fromCodePoint(code);
}

/** The longest name that the reference starts with. */
function namedCharacter(reference: string): string {
  const known = entities().get(reference);
  if (known !== undefined) return known;
  for (let length = reference.length - 1; length > 1; length -= 1) {
    const character = entities().get(reference.slice(0, length));
    if (character !== undefined) return character + reference.slice(length);
  }
  return `&${reference}`;
}

/** Text with its character references replaced (Python's `html.unescape`). */
export function unescapeHtml(text: string): string {
  return text.replace(REFERENCE, (_whole, reference: string) =>
    reference.startsWith('#') ? numericCharacter(reference) : namedCharacter(reference),
  );
}
