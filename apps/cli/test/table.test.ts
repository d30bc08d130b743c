import { describe, expect, it } from 'vitest';
import { printable, printableJson } from '../src/printable.ts';
import { ago, columns, count, wrap } from '../src/table.ts';

describe('a table', () => {
  it('aligns its columns and leaves no blanks at the end of a line', () => {
    expect(columns(['A', 'LONG', 'C'], [['wider', 'x', '']])).toEqual(['A      LONG  C', 'wider  x']);
  });

  it('goes on beneath a last cell of several lines', () => {
    expect(columns(['NODE', 'WHY'], [['n1', 'first\nsecond']])).toEqual(['NODE  WHY', 'n1    first', '      second']);
  });
});

describe('a table on a narrow terminal', () => {
  const head = ['NODE', 'STATE', 'MORE', 'WHY'];
  const why = 'several words that go on and on and on for a while';

  it('wraps its last cell between words', () => {
    expect(columns(head, [['n1', 'current', 'x', why]], { width: 50 })).toEqual([
      'NODE  STATE    MORE  WHY',
      'n1    current  x     several words that go on and',
      '                     on and on for a while',
    ]);
  });

  it('leaves columns out, then puts the last cell beneath; names stay whole', () => {
    const name = 'a-name-longer-than-the-terminal.example.com';
    expect(columns(head, [[name, 'current', 'x', why]], { width: 40, optional: ['MORE'] })).toEqual([
      `${'NODE'.padEnd(name.length)}  STATE`,
      `${name}  current`,
      '    several words that go on and on and',
      '    on for a while',
    ]);
  });

  it('breaks no word', () => {
    expect(wrap('a configmaps/namespace/name b', 10)).toEqual(['a', 'configmaps/namespace/name', 'b']);
  });
});

describe('text from elsewhere', () => {
  it('is shown, and never obeyed or turned around', () => {
    expect(printable('a\u001b[2J\u009b\r\u202eb\u200b\ud800')).toBe('a\\u001b[2J\\u009b\\u000d\\u202eb\\u200b\\ud800');
    expect(printable('Größe 𝄞 日本')).toBe('Größe 𝄞 日本');
    const value = { a: 'x\u009b\u202e\u{e0001}\n' };
    const json = printableJson(JSON.stringify(value, null, 2));
    expect(json).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(json)).toEqual(value);
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
