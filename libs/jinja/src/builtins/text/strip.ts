import { SPACE } from './classes.ts';

const ONE_SPACE = new RegExp(`^[${SPACE}]$`);

/** What is removed: the characters of a text, or white space when null. */
export type StripSet = string | null;

function isStripped(set: StripSet): (character: string) => boolean {
  if (set === null) return (character) => ONE_SPACE.test(character);
  const characters = new Set(set);
  return (character) => characters.has(character);
}

/** The character that ends at `end`: one unit, or a surrogate pair. */
function characterBefore(text: string, end: number): string {
  const pair = text.slice(Math.max(end - 2, 0), end);
  return (pair.codePointAt(0) ?? 0) > 0xffff ? pair : pair.slice(-1);
}

/** `str.lstrip(set)`. */
export function stripStart(text: string, set: StripSet = null): string {
  const stripped = isStripped(set);
  let start = 0;
  while (start < text.length) {
    const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
    if (!stripped(character)) break;
    start += character.length;
  }
  return text.slice(start);
}

/** `str.rstrip(set)`. */
export function stripEnd(text: string, set: StripSet = null): string {
  const stripped = isStripped(set);
  let end = text.length;
  while (end > 0) {
    const character = characterBefore(text, end);
    if (!stripped(character)) break;
    end -= character.length;
  }
  return text.slice(0, end);
}

/** `str.strip(set)`. */
export const strip = (text: string, set: StripSet = null): string => stripEnd(stripStart(text, set), set);
