import type { Line } from './line.ts';
import { splitLines } from './line.ts';
import { commonEnds, detach } from './text-range.ts';
import { splitWords, type Word } from './words.ts';

/** Section keywords of HAProxy 2.4 to 3.2. A keyword missing here stays a line of the section above it: a reload. */
export const sectionKeywords = [
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'peers',
  'resolvers',
  'userlist',
  'mailers',
  'cache',
  'program',
  'http-errors',
  'ring',
  'log-forward',
  'log-profile',
  'fcgi-app',
  'crt-store',
  'traces',
  'acme',
] as const;

/** `preamble` is what stands before the first section: comments and blank lines. */
export type SectionKind = (typeof sectionKeywords)[number] | 'preamble';

/**
 * Lines that begin with `.if` and its kin or with a scope (`[…]`), or whose first word is quoted or escaped; blanks that
 * only HAProxy takes for some, and a carriage return within a line; the number of a line as a word of it.
 */
const unreadable = /^[ \t]*(?:[.[]|[^ \t\r\n#"'\\]*["'\\])|[\0\v\f]|\r(?!\n)|\$\{?\.LINE/m;

/** A section of the configuration, from its header to the line before the next one. Immutable; equal text, same object. */
export class Section {
  readonly kind: SectionKind;
  /** Empty for `global` and for a nameless `defaults`. */
  readonly name: string;
  /** The `defaults` section it names (`backend x from y`). */
  readonly from: string | undefined;
  readonly text: string;
  #lines: readonly Line[] | undefined;
  #readable: boolean | undefined;
  #rules: readonly Line[] | undefined;
  readonly #named: boolean;

  constructor(kind: SectionKind, text: string, previous?: Section) {
    const [, name, from, base] = kind === 'preamble' ? [] : headerWords(text);
    this.kind = kind;
    this.name = name?.text ?? '';
    this.from = from?.text === 'from' ? base?.text : undefined;
    this.text = text;
    this.#named = name?.opaque !== true && base?.opaque !== true;
    if (previous && previous.#lines) this.#lines = reuseLines(previous.text, previous.#lines, text);
  }

  /** The header line is the first one. */
  get lines(): readonly Line[] {
    return (this.#lines ??= splitLines(this.text));
  }

  /** The lines that say something and are no servers, the header included. */
  get rules(): readonly Line[] {
    return (this.#rules ??= this.lines.filter((line) => !line.isServer && !line.isBlank));
  }

  /** Same kind and name: the same thing of two configurations. */
  get key(): string {
    return `${this.kind}\0${this.name}`;
  }

  /**
   * False with conditional blocks (configuration manual, 2.4 "Conditional blocks"): they choose lines by things only the
   * process knows, also across section borders. And a quoted keyword may be a section's header in disguise, a name may
   * come from the environment.
   */
  get readable(): boolean {
    return (this.#readable ??= this.#named && !unreadable.test(this.text));
  }

  /** The first line that cannot be read so, undefined when all can. */
  get unreadableLine(): Line | undefined {
    return this.readable ? undefined : (this.lines.find(({ text }) => unreadable.test(text)) ?? this.lines[0]);
  }

  /** Only these hold servers that traffic goes to. */
  get isProxy(): boolean {
    return this.kind === 'backend' || this.kind === 'listen';
  }
}

function headerWords(text: string): readonly Word[] {
  const newline = text.indexOf('\n');
  const split = splitWords(newline < 0 ? text : text.slice(0, newline));
  return split.kind === 'words' ? split.words : [];
}

/** Lines outside the changed part keep their objects, so what was read from them is not read again. */
function reuseLines(oldText: string, oldLines: readonly Line[], text: string): readonly Line[] {
  const { prefix, suffix } = commonEnds(oldText, text);
  let head = 0;
  let start = 0;
  for (; head < oldLines.length; head++) {
    const length = oldLines[head]?.text.length ?? 0;
    if (start + length > prefix || text.charCodeAt(start + length - 1) !== 10) break;
    start += length;
  }
  let tail = oldLines.length;
  let end = text.length;
  for (; tail > head; tail--) {
    const length = oldLines[tail - 1]?.text.length ?? 0;
    if (text.length - end + length > suffix || end - length < start) break;
    end -= length;
  }
  // The tail must begin at a line's start.
  if (end > start && end < text.length && text.charCodeAt(end - 1) !== 10) {
    end += oldLines[tail]?.text.length ?? 0;
    tail++;
  }
  return [...oldLines.slice(0, head), ...splitLines(detach(text.slice(start, end))), ...oldLines.slice(tail)];
}
