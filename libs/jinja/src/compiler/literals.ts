/** JavaScript source of a string. The two separators end lines in older grammars. */
export function quoteCode(text: string): string {
  return JSON.stringify(text)
    .replace(/\u2028/g, '\\u2028')
    .replace(/\u2029/g, '\\u2029');
}
