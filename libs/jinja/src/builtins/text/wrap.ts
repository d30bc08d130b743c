import { countCharacters, sliceCharacters } from './characters.ts';
import { strip } from './strip.ts';

/**
 * Wraps one paragraph like Python's `textwrap.wrap` (with `expand_tabs` and `replace_whitespace` off): greedy, at white
 * space, hyphens and em-dashes. White space at the ends of lines is dropped.
 */
export interface WrapOptions {
  readonly width: number;
  readonly breakLongWords: boolean;
  readonly breakOnHyphens: boolean;
}

const BLANK = '[\\t\\n\\v\\f\\r ]';
const SOLID = '[^\\t\\n\\v\\f\\r ]';
const WORD_CHARACTER = `[\\p{L}\\p{N}_]`;
const WORD_OR_PUNCTUATION = `[\\p{L}\\p{N}_!"'&.,?]`;
const LETTER = `[\\p{L}\\p{Nl}\\p{No}_]`;

/** Where a line may break (textwrap's `wordsep_re`): runs of blanks, em-dashes between words, after a hyphen. */
const CHUNKS = new RegExp(
  `(${BLANK}+` +
    `|(?<=${WORD_OR_PUNCTUATION})-{2,}(?=${WORD_CHARACTER})` +
    `|${SOLID}+?(?:` +
    `-(?:(?<=${LETTER}{2}-)|(?<=${LETTER}-${LETTER}-))(?=${LETTER}-?${LETTER})` +
    `|(?=${BLANK}|$)` +
    `|(?<=${WORD_OR_PUNCTUATION})(?=-{2,}${WORD_CHARACTER})))`,
  'u',
);
const BLANKS = new RegExp(`(${BLANK}+)`);

/** Where to cut a word that is too long: after the last hyphen that fits, else at the width. */
function cutPoint(word: string, room: number, breakOnHyphens: boolean): number {
  if (!breakOnHyphens || room === 0 || countCharacters(word) <= room) return room;
  // A character is at most two units.
  const characters = [...word.slice(0, 2 * room)];
  const hyphen = characters.lastIndexOf('-', room - 1);
  return hyphen > 0 && characters.slice(0, hyphen).some((character) => character !== '-') ? hyphen + 1 : room;
}

const isBlank = (chunk: string): boolean => strip(chunk) === '';

/** Takes the chunks of the next line off the front of `chunks` (kept in reverse order). */
function takeLine(chunks: string[], options: WrapOptions): string[] {
  const line: string[] = [];
  let length = 0;
  for (let chunk = chunks.at(-1); chunk !== undefined; chunk = chunks.at(-1)) {
    const size = countCharacters(chunk);
    if (length + size > options.width) break;
    line.push(chunk);
    length += size;
    chunks.pop();
  }
  const long = chunks.at(-1);
  if (long !== undefined && countCharacters(long) > options.width) breakWord(chunks, line, length, options);
  return line;
}

function breakWord(chunks: string[], line: string[], length: number, options: WrapOptions): void {
  const word = chunks.pop() ?? '';
  if (!options.breakLongWords) {
    if (line.length === 0) line.push(word);
    else chunks.push(word);
    return;
  }
  const point = cutPoint(word, Math.max(options.width - length, 0), options.breakOnHyphens);
  line.push(sliceCharacters(word, 0, point));
  chunks.push(sliceCharacters(word, point));
}

/** The lines of `text`, each at most `width` (> 0) characters unless a word is longer and may not be broken. */
export function wrapParagraph(text: string, options: WrapOptions): string[] {
  const chunks = text.split(options.breakOnHyphens ? CHUNKS : BLANKS).filter((chunk) => chunk !== '');
  chunks.reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlank(chunks.at(-1) ?? '')) chunks.pop();
    const line = takeLine(chunks, options);
    if (line.length > 0 && isBlank(line.at(-1) ?? '')) line.pop();
    if (line.length > 0) lines.push(line.join(''));
  }
  return lines;
}
