import { str } from './text.ts';
import { Instance, Markup, type Value } from './value.ts';

const SPECIAL = /[&<>'"]/;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

/** The text with HTML's special characters replaced, as markupsafe writes them. */
export function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(/[&<>'"]/g, (char) => ENTITIES[char] ?? char) : text;
}

/** What printing the value gives under autoescape: markup as it is, everything else escaped. */
export function escapedStr(value: Value): string {
  return value instanceof Markup ? value.text : escape(value).text;
}

/** markupsafe's `escape`: a Markup stays what it is. */
export function escape(value: Value): Markup {
  if (value instanceof Markup) return value;
  if (value instanceof Instance && value.markup !== undefined) return value.markup();
  return new Markup(escapeText(str(value)));
}
