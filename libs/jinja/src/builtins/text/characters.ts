const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;

/** True when UTF-16 units and Python's characters (code points) differ in this text. */
export const hasAstral = (text: string): boolean => ASTRAL.test(text);

/** Number of characters as Python counts them. */
export function countCharacters(text: string): number {
  if (!hasAstral(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** `text[start:end]` by characters, with `0 <= start`; `end` past the text is its end. */
export function sliceCharacters(text: string, start: number, end = Number.POSITIVE_INFINITY): string {
  if (!hasAstral(text)) return text.slice(start, Math.max(end, 0));
  return [...text].slice(start, Math.max(end, 0)).join('');
}
