/** Rows as aligned columns. A last cell of several lines goes on beneath itself. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const last = head.length - 1;
  const widths = head.slice(0, last).map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  const indent = ' '.repeat(widths.reduce((sum, width) => sum + width + gap.length, 0));
  return all.flatMap((row) => {
    const [first = '', ...more] = (row[last] ?? '').split('\n');
    const cells = widths.map((width, at) => (row[at] ?? '').padEnd(width));
    return [[...cells, first].join(gap).trimEnd(), ...more.map((line) => `${indent}${line}`.trimEnd())];
  });
}

const gap = '  ';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `3 s ago`, `2 h ago`; `-` for no time. A clock that is ahead counts as now. */
export function ago(at: number | string | undefined, now: number): string {
  if (at === undefined) return '-';
  const ms = Math.max(0, now - (typeof at === 'number' ? at : Date.parse(at)));
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['s', 1_000];
  return `${Math.floor(ms / size)} ${unit} ago`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
