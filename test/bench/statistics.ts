export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** Nearest-rank percentiles of samples in milliseconds. */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
  return { count: sorted.length, p50: rank(0.5), p90: rank(0.9), p99: rank(0.99) };
}

export const rounded = (value: number): number => Math.round(value * 100) / 100;

/** Rows of the same keys as an aligned table of plain text. */
export function table(rows: readonly Record<string, string | number>[]): string {
  const first = rows[0];
  if (!first) return '(nothing measured)';
  const columns = Object.keys(first);
  const cell = (value: unknown): string => (typeof value === 'number' ? String(rounded(value)) : String(value));
  const widths = columns.map((name) => Math.max(name.length, ...rows.map((row) => cell(row[name]).length)));
  const line = (cells: string[]): string => cells.map((text, at) => text.padStart(widths[at] ?? 0)).join('  ');
  return [line(columns), ...rows.map((row) => line(columns.map((name) => cell(row[name]))))].join('\n');
}
