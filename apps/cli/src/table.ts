import { printable } from './printable.ts';

/** How a table is made to fit. */
export interface Fit {
  /** Columns of the terminal; Infinity where nobody looks at one. */
  readonly width: number;
  /** Heads of columns that are left out where it is narrow, the first of them first. */
  readonly optional?: readonly string[];
}

const anyWidth: Fit = { width: Infinity };
const gap = '  ';
/** A last column that is narrower than this goes beneath its row instead. */
const leastLast = 24;
const beneath = ' '.repeat(4);

/**
 * Rows as aligned columns. A last cell of several lines goes on beneath itself. Where the terminal is narrow, columns
 * are left out and the last cell is wrapped between words; a word is never broken.
 */
export function columns(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, optional = [] }: Fit = anyWidth,
): string[] {
  const shown = [head, ...rows].map((row) => row.map((cell) => cell.split('\n').map(printable).join('\n')));
  const widest = (at: number): number => Math.max(...shown.map((row) => (row[at] ?? '').length));
  const last = head.length - 1;
  const wanted = Math.min(
    leastLast,
    Math.max(0, ...shown.flatMap((row) => (row[last] ?? '').split('\n').map((line) => line.length))),
  );
  let kept = head.slice(0, last).map((_, at) => at);
  const taken = (): number => kept.reduce((sum, at) => sum + widest(at) + gap.length, 0);
  for (const name of optional) if (taken() + wanted > width) kept = kept.filter((at) => head[at] !== name);
  const isBeneath = taken() + wanted > width;
  const indent = isBeneath ? beneath : ' '.repeat(taken());
  return shown.flatMap((row, rowAt) => {
    const cells = kept.map((at) => (row[at] ?? '').padEnd(widest(at))).join(gap);
    const words = (row[last] ?? '').split('\n').flatMap((line) => wrap(line, width - indent.length));
    if (isBeneath && rowAt > 0)
      return [cells.trimEnd(), ...words.filter((line) => line !== '').map((line) => indent + line)];
    const [first = '', ...more] = isBeneath ? [] : words;
    return [(cells === '' ? first : cells + gap + first).trimEnd(), ...more.map((line) => (indent + line).trimEnd())];
  });
}

/** Lines of at most so many characters, broken between words; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(' ')) {
    if (line !== undefined && line.length + 1 + word.length > width) {
      lines.push(line);
      line = undefined;
    }
    line = line === undefined ? word : `${line} ${word}`;
  }
  return [...lines, ...(line === undefined ? [] : [line])];
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `3 s`, `2 h`; less than nothing counts as nothing. */
export function span(ms: number): string {
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['s', 1_000];
  return `${Math.floor(Math.max(0, ms) / size)} ${unit}`;
}

/** `3 s ago`, `2 h ago`; `-` for no time. A clock that is ahead counts as now. */
export function ago(at: number | string | undefined, now: number): string {
  if (at === undefined) return '-';
  return `${span(now - (typeof at === 'number' ? at : Date.parse(at)))} ago`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
