import type { Line } from './line.ts';
import { Section, sectionKeywords, type SectionKind } from './section.ts';
import { commonEnds, detach } from './text-range.ts';

/** A configuration as sections and lines. Lossless: the sections' texts, one after the other, are the text. */
export interface ConfigModel {
  readonly text: string;
  readonly sections: readonly Section[];
}

const keywordByInitial = new Map<number, readonly (typeof sectionKeywords)[number][]>();
for (const keyword of sectionKeywords) {
  const initial = keyword.charCodeAt(0);
  keywordByInitial.set(initial, [...(keywordByInitial.get(initial) ?? []), keyword]);
}

/**
 * Reads the text of a haproxy.cfg (configuration manual, 2.1 "Configuration file format").
 *
 * With the previous model the cost follows the change: what both texts share at their ends keeps its section objects,
 * and in between a section whose text is the same keeps its object too. Comparing sections by identity is then enough
 * to skip what did not change. It never throws; what it does not know it keeps as lines.
 */
export function parseConfig(text: string, previous?: ConfigModel): ConfigModel {
  if (!previous) return { text, sections: splitSections(text, 0, text.length) };
  if (previous.text === text) return previous;
  const { prefix, suffix } = commonEnds(previous.text, text);
  const head = sectionsWithin(previous.sections, prefix, text);
  const tail = sectionsWithinEnd(previous.sections, head, suffix, text);
  const middle = splitSections(text, head.length, text.length - tail.length);
  const old = new Map(previous.sections.slice(head.count, tail.from).map((section) => [section.key, section]));
  return {
    text,
    sections: [
      ...previous.sections.slice(0, head.count),
      ...middle.map((section) => reuse(section, old.get(section.key), text.length)),
      ...previous.sections.slice(tail.from),
    ],
  };
}

/** `printConfig(parseConfig(text)) === text` for every text. */
export const printConfig = (model: ConfigModel): string => model.sections.map((section) => section.text).join('');

/** The line's number in the file, from 1; undefined when it is not in this model. */
export function lineNumberOf(model: ConfigModel, section: Section, line: Line): number | undefined {
  let before = 0;
  for (const other of model.sections) {
    if (other === section) {
      const at = section.lines.indexOf(line);
      return at < 0 ? undefined : before + at + 1;
    }
    before += countNewlines(other.text);
  }
  return undefined;
}

/** The first section that cannot be read as plain lines, see `Section.readable`. */
export const unreadableSection = (model: ConfigModel): Section | undefined =>
  model.sections.find((section) => !section.readable);

function reuse(section: Section, old: Section | undefined, whole: number): Section {
  if (old?.text === section.text) return old;
  // A section that is most of the file keeps little else alive.
  const text = section.text.length * 2 < whole ? detach(section.text) : section.text;
  return new Section(section.kind, text, old);
}

/** The sections that lie whole in the common beginning, and end where another begins in the new text as well. */
function sectionsWithin(sections: readonly Section[], prefix: number, text: string): { count: number; length: number } {
  let count = 0;
  let length = 0;
  for (const section of sections) {
    if (length + section.text.length > prefix) break;
    length += section.text.length;
    count++;
  }
  if (headerAt(text, length)) return { count, length };
  // What follows is more lines of the last one: read it again with what follows.
  const last = count > 0 ? sections[count - 1] : undefined;
  return last ? { count: count - 1, length: length - last.text.length } : { count, length };
}

function sectionsWithinEnd(
  sections: readonly Section[],
  head: { count: number; length: number },
  suffix: number,
  text: string,
): { from: number; length: number } {
  let from = sections.length;
  let length = 0;
  while (from > head.count) {
    const size = sections[from - 1]?.text.length ?? 0;
    const start = text.length - length - size;
    if (length + size > suffix || start < head.length) break;
    if (start > 0 && text.charCodeAt(start - 1) !== 10) break;
    length += size;
    from--;
  }
  // A preamble has no header: text before it would not be told apart from it.
  if (sections[from]?.kind === 'preamble') {
    length -= sections[from]?.text.length ?? 0;
    from++;
  }
  return { from, length };
}

function splitSections(text: string, from: number, to: number): Section[] {
  const sections: Section[] = [];
  let kind: SectionKind = 'preamble';
  let start = from;
  for (let at = from; at < to;) {
    const found = headerAt(text, at);
    if (found) {
      if (at > start) sections.push(new Section(kind, text.slice(start, at)));
      kind = found;
      start = at;
    }
    const newline = text.indexOf('\n', at);
    at = newline < 0 || newline >= to ? to : newline + 1;
  }
  if (to > start) sections.push(new Section(kind, text.slice(start, to)));
  return sections;
}

function headerAt(text: string, lineStart: number): SectionKind | undefined {
  let at = lineStart;
  let code = text.charCodeAt(at);
  while (code === 32 || code === 9) code = text.charCodeAt(++at);
  const keywords = keywordByInitial.get(code);
  if (!keywords) return undefined;
  const found = keywords.find((keyword) => text.startsWith(keyword, at));
  return found !== undefined && endsWord(text.charCodeAt(at + found.length)) ? found : undefined;
}

/** Blank, end of line, comment or end of text. */
const endsWord = (code: number): boolean =>
  code === 32 || code === 9 || code === 10 || code === 13 || code === 35 || Number.isNaN(code);

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
