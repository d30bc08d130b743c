/** One word of a line as HAProxy reads it, quotes and escapes resolved. */
export interface Word {
  readonly text: string;
  /**
   * What HAProxy reads is not known here: it comes from the environment of its process, or an escape makes a byte that
   * is no character of its own.
   */
  readonly opaque: boolean;
}

export type SplitLine =
  | { readonly kind: 'words'; readonly words: readonly Word[] }
  /** A quote or an escape is not closed: HAProxy refuses the line. */
  | { readonly kind: 'broken' };

/** Quotes, escapes, and the blanks that only HAProxy takes for some. */
const special = /["'\\\r\v\f]/;
const none: SplitLine = { kind: 'words', words: [] };
const blanks = new Set([' ', '\t', '\v', '\f']);

/**
 * Splits a line exactly as HAProxy does (`parse_line` in its tools.c, the same from 2.4 to 3.4 for lines without
 * variables; configuration manual, 2.2 "Quoting and escaping", 2.3 "Environment variables").
 *
 * A comment starts at any `#` outside of quotes, and a carriage return ends the line unless it stands behind a blank.
 * Variables are only replaced inside weak quotes (`"$X"`); how words are joined and split around one differs between
 * versions, so that such a line is only known to be equal to itself: see `Line.opaque`.
 */
export function splitWords(line: string): SplitLine {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  if (special.test(text)) return splitQuoted(text);
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
  let afterBlank = true;
  const endWord = () => {
    if (inWord) words.push({ text: word, opaque });
    word = '';
    opaque = false;
    inWord = false;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === '' && (blanks.has(char) || (char === '\r' && afterBlank))) {
      endWord();
      afterBlank = true;
      continue;
    }
    if (char === '\r') break;
    afterBlank = false;
    if (quote === '' && char === '#') break;
    inWord = true;
    if (char === '\\' && quote !== "'") {
      const escape = readEscape(text, at, quote === '"');
      if (!escape) return { kind: 'broken' };
      word += escape.text;
      opaque ||= escape.opaque;
      at = escape.last;
    } else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else {
      if (quote === '"' && char === '$') opaque = true;
      word += char;
    }
  }
  if (quote !== '') return { kind: 'broken' };
  endWord();
  return { kind: 'words', words };
}

/** A word as HAProxy reads it back: single quotes keep everything (configuration manual, "Quoting and escaping"). */
export const quoteWord = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

interface Escape {
  readonly text: string;
  /** Place of its last character. */
  readonly last: number;
  readonly opaque: boolean;
}

const literalEscapes = new Set([' ', '"', '#', "'", '\\']);
const controlEscapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** `\$` only means `$` where a variable could stand; any other combination is no escape and keeps its backslash. */
function readEscape(text: string, at: number, weaklyQuoted: boolean): Escape | undefined {
  const next = text.charAt(at + 1);
  if (literalEscapes.has(next) || (next === '$' && weaklyQuoted)) return { text: next, last: at + 1, opaque: false };
  const control = controlEscapes[next];
  if (control !== undefined) return { text: control, last: at + 1, opaque: false };
  if (next !== 'x') return { text: '\\', last: at, opaque: false };
  const hex = text.slice(at + 2, at + 4);
  if (!/^[0-9a-fA-F]{2}$/.test(hex)) return undefined;
  const code = Number.parseInt(hex, 16);
  // A byte of 0 ends the word; one from 128 on is a part of a character.
  return { text: String.fromCharCode(code), last: at + 3, opaque: code === 0 || code > 127 };
}
