/** Exit codes that scripts can rely on; 64, 69 and 70 as in sysexits.h. */
export const exitCodes = {
  ok: 0,
  /** The answer is no: a template fails, HAProxy refuses, a test does not hold, a node is behind. */
  failed: 1,
  usage: 64,
  /** Redis cannot be reached. */
  unavailable: 69,
  internal: 70,
} as const;

/** What a command has to say: for people as lines, for programs (`--json`) as a value. */
export interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
  readonly json: unknown;
}

/** Rows as aligned columns. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
