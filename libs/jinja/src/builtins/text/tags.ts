import { unescapeHtml } from './entities.ts';
import { splitWords } from './split.ts';

/** Cuts everything from `open` to the next `close`; an `open` without a `close` stays. */
function cutBetween(text: string, open: string, close: string): string {
  let result = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length);
    if (end < 0) return result + text.slice(at);
    result += text.slice(at, start);
    at = end + close.length;
  }
}

/** markupsafe's `striptags`: no comments, no tags, one blank between words, character references replaced. */
export function stripTags(text: string): string {
  const plain = cutBetween(cutBetween(text, '<!--', '-->'), '<', '>');
  return unescapeHtml(splitWords(plain).join(' '));
}
