import { describe, expect, it } from 'vitest';
import { ago, columns, count } from '../src/table.ts';

describe('a table', () => {
  it('aligns its columns and leaves no blanks at the end of a line', () => {
    expect(columns(['A', 'LONG', 'C'], [['wider', 'x', '']])).toEqual(['A      LONG  C', 'wider  x']);
  });

  it('goes on beneath a last cell of several lines', () => {
    expect(columns(['NODE', 'WHY'], [['n1', 'first\nsecond']])).toEqual(['NODE  WHY', 'n1    first', '      second']);
  });
});

describe('a time', () => {
  it('is told in its largest unit', () => {
    const now = Date.parse('2026-01-02T00:00:00Z');
    expect(ago('2026-01-01T23:59:57Z', now)).toBe('3 s ago');
    expect(ago(now - 125_000, now)).toBe('2 min ago');
    expect(ago(now - 3_600_000, now)).toBe('1 h ago');
    expect(ago(now - 49 * 3_600_000, now)).toBe('2 d ago');
    expect(ago(undefined, now)).toBe('-');
  });

  it('of a clock that is ahead is now', () => {
    expect(ago(5_000, 0)).toBe('0 s ago');
  });
});

it('one is no plural', () => {
  expect([count(0, 'command'), count(1, 'command'), count(2, 'command')]).toEqual([
    '0 commands',
    '1 command',
    '2 commands',
  ]);
});
