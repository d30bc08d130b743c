import { SPACE } from './classes.ts';

const WORDS = new RegExp(`[^${SPACE}]+`, 'g');

interface Word {
  readonly start: number;
  readonly end: number;
}

function findWords(text: string): Word[] {
  return Array.from(text.matchAll(WORDS), ({ index, 0: word }) => ({ start: index, end: index + word.length }));
}

/** `str.split(None, limit)`: by runs of white space; a negative limit is none. */
export function splitWords(text: string, limit = -1): string[] {
  if (limit < 0) return text.match(WORDS) ?? [];
  const words = findWords(text);
  const rest = words[limit];
  const parts = words.slice(0, limit).map(({ start, end }) => text.slice(start, end));
  return rest === undefined ? parts : [...parts, text.slice(rest.start)];
}

/** `str.rsplit(None, limit)`: the same from the end. */
export function splitWordsFromEnd(text: string, limit = -1): string[] {
  if (limit < 0) return splitWords(text);
  const words = findWords(text);
  const rest = words[words.length - limit - 1];
  const parts = (limit === 0 ? [] : words.slice(-limit)).map(({ start, end }) => text.slice(start, end));
  return rest === undefined ? parts : [text.slice(0, rest.end), ...parts];
}

/** `str.split(separator, limit)`; the separator is not empty. */
export function splitAt(text: string, separator: string, limit = -1): string[] {
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

/** `str.rsplit(separator, limit)`: matches from the end, so that overlaps go to the right. */
export function splitAtFromEnd(text: string, separator: string, limit = -1): string[] {
  const parts: string[] = [];
  let end = text.length;
  while (limit < 0 || parts.length < limit) {
    const start = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (start < 0) break;
    parts.unshift(text.slice(start + separator.length, end));
    end = start;
  }
  return [text.slice(0, end), ...parts];
}
