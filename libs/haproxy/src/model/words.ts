/** One word of a line as HAProxy reads it, quotes and escapes resolved. */
export interface Word {
  readonly text: string;
  /** It takes its value from the environment of the HAProxy process, so nobody else knows it. */
  readonly opaque: boolean;
}

export type SplitLine =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  /** A quote or an escape is not closed: HAProxy refuses the line. */
  | { readonly kind: 'broken' };

const quoting = /["'\\\r]/;
const none: SplitLine = { kind: 'words', words: [] };
const literalEscapes = new Set([' ', '\t', '"', '#', "'", '\\', '$']);
const controlEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * Splits a line as HAProxy does (configuration manual, 2.2 "Quoting and escaping", 2.3 "Environment variables").
 * A comment starts at any `#` outside of quotes. Variables are only replaced inside weak quotes (`"$X"`).
 */
export function splitWords(line: string): SplitLine {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  if (quoting.test(text)) return splitQuoted(text);
  // Nearly every line: nothing is quoted, so the first # begins a comment.
  const comment = text.indexOf('#');
  const words = (comment < 0 ? text : text.slice(0, comment)).match(/[^ \t]+/g);
  return words ? { kind: 'words', words: words.map((word) => ({ text: word, opaque: false })) } : none;
}

function splitQuoted(text: string): SplitLine {
  const words: Word[] = [];
  let word = '';
  let opaque = false;
  let inWord = false;
  let quote = '';
  const endWord = () => {
    if (inWord) words.push({ text: word, opaque });
    word = '';
    opaque = false;
    inWord = false;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === "'" && char !== "'") word += char;
    else if (char === '\\') {
      const escape = readEscape(text, at);
      if (!escape) return { kind: 'broken' };
      word += escape.text;
      at = escape.last;
      inWord = true;
    } else if (char === '"' || char === "'") {
      if (quote === '') quote = char;
      else if (quote === char) quote = '';
      else word += char;
      inWord = true;
    } else if (quote === '"') {
      if (char === '$') opaque = true;
      word += char;
    } else if (char === '#') break;
    else if (char === ' ' || char === '\t' || char === '\r') endWord();
    else {
      word += char;
      inWord = true;
    }
  }
  if (quote !== '') return { kind: 'broken' };
  endWord();
  return { kind: 'words', words };
}

function readEscape(text: string, at: number): { text: string; last: number } | undefined {
  const next = text.charAt(at + 1);
  if (next === '') return undefined;
  if (literalEscapes.has(next)) return { text: next, last: at + 1 };
  const control = controlEscapes[next];
  if (control !== undefined) return { text: control, last: at + 1 };
  if (next !== 'x') return { text: '\\', last: at };
  const hex = text.slice(at + 2, at + 4);
  if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
  return { text: String.fromCharCode(Number.parseInt(hex, 16)), last: at + 3 };
}
