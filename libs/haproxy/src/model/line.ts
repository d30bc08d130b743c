import { splitWords, type Word } from './words.ts';

const noWords: readonly Word[] = [];
const plainServerName = /^[ \t]*server[ \t]+([^ \t\r\n\v\f"'\\#]+)(?=[ \t\r\n]|$)/;
const blank = (code: number): boolean => code === 32 || code === 9;

/**
 * One line of a configuration, with its newline. What it says is read on first use and kept, because most lines of a
 * large configuration stay untouched for the whole life of the model.
 */
export class Line {
  readonly text: string;
  #words: readonly Word[] | undefined;
  #broken = false;
  #keyword: string | undefined;
  #signature: string | undefined;
  #serverName: string | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The first word, empty for a blank line or a comment. Keywords are never quoted in practice; then it is opaque text. */
  get keyword(): string {
    return (this.#keyword ??= readKeyword(this.text));
  }

  get words(): readonly Word[] {
    if (!this.#words) {
      const split = splitWords(this.text);
      this.#broken = split.kind === 'broken';
      this.#words = split.kind === 'words' ? split.words : noWords;
    }
    return this.#words;
  }

  /** HAProxy would refuse it: a quote that is not closed. */
  get broken(): boolean {
    return this.words === noWords && this.#broken;
  }

  /** Some word is not known here, so the line is only known to be equal to itself. */
  get opaque(): boolean {
    return this.broken || this.words.some((word) => word.opaque);
  }

  get isBlank(): boolean {
    return this.keyword === '';
  }

  get isServer(): boolean {
    return this.keyword === 'server';
  }

  /** What HAProxy makes of the line: equal only for lines that differ in nothing but blanks, comments or quoting. */
  get signature(): string {
    return (this.#signature ??= this.opaque ? `\u0001${this.text}` : this.words.map((word) => word.text).join('\0'));
  }

  /** The server's name, without splitting the whole line where it is a plain word. */
  get serverName(): string {
    return (this.#serverName ??= plainServerName.exec(this.text)?.[1] ?? this.words[1]?.text ?? '');
  }
}

function readKeyword(text: string): string {
  let start = 0;
  while (blank(text.charCodeAt(start))) start++;
  if (text.startsWith('server', start) && blank(text.charCodeAt(start + 6))) return 'server';
  let end = start;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (blank(code) || code === 10 || code === 13 || code === 35) break;
  }
  return text.slice(start, end);
}

/** Splits text into lines that keep their newline; the last one may lack it. */
export function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline + 1;
    lines.push(new Line(text.slice(start, end)));
    start = end;
  }
  return lines;
}
