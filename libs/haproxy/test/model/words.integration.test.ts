import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cleanUp } from '@flotilla/testkit';
import { Line } from '../../src/model/line.ts';
import { splitWords } from '../../src/model/words.ts';
import { checkConfig } from '../../src/process/check.ts';
import { readLines } from '../live/read-lines.ts';
import { propertyRuns } from '../live/runs.ts';

afterEach(cleanUp);
const folder = mkdtempSync(join(tmpdir(), 'words-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const pieces = [
  ...['a', 'b', '-', '/', '%', '{', '}', '[', ']', ';', 'é', '\u00a0', '\u2028', '$', '$', '"', '"', "'", '\\', '\\'],
  ...[' ', ' ', '\t', '\v', '\f', '#', '\\$', '\\\\', '\\ ', '\\t', '\\n', '\\"', "\\'", '\\#', '\\\t', '\\d'],
  ...[
    '\\x41',
    '\\x24',
    '\\xe9',
    '\\x00',
    '\\x5c',
    '$HOME',
    '"$X"',
    '"${X}"',
    '"${X-d e}"',
    '"${X[*]}"',
    '"${.LINE}"',
    '\\x4',
    '\r',
  ],
];
const text = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 9 }).map((parts) => parts.join(''));

const linesPerRun = 400;
const runs = propertyRuns(3);

/** The words HAProxy acts on: those before the first empty one; a byte of value 0 ends a word. */
const words = (line: string): string[] | undefined => {
  const split = splitWords(line);
  if (split.kind === 'broken') return undefined;
  const found = split.words.map((word) => word.text);
  const empty = found.indexOf('');
  return (empty < 0 ? found : found.slice(0, empty)).map((word) => word.replace(/\n+$/, ''));
};
const isOpaque = (line: string) => new Line(line).opaque;
const sample = (seed?: number) => fc.sample(text, { numRuns: linesPerRun, ...(seed === undefined ? {} : { seed }) });

/** Numbers of the lines that HAProxy calls wrong by their quoting. */
async function refused(lines: readonly string[]): Promise<Set<number>> {
  const path = join(folder, 'refused.cfg');
  const found = new Set<number>();
  // It stops after 50 errors.
  for (let from = 0; from < lines.length; from += 40) {
    const part = lines.slice(from, from + 40).map((line) => `  unsetenv FIRST ${line}`);
    writeFileSync(path, `global\n${part.join('\n')}\n`);
    const result = await checkConfig({ binary: 'haproxy', files: [path], timeoutMs: 20_000 });
    const message = result.ok ? '' : result.message;
    for (const [, number, why] of message.matchAll(/:(\d+)\] ?: (.*)/g))
      if (/quote|brace|variable|hexadecimal|expansion/.test(why ?? '')) found.add(from + Number(number) - 2);
  }
  return found;
}

describe('the words of a line', () => {
  it('are those that HAProxy reads', { timeout: 120_000 }, async () => {
    for (let run = 0; run < runs; run++) {
      const lines = sample().filter((line) => words(line) !== undefined && !isOpaque(line));
      expect((await readLines(lines)).map((read, at) => [lines[at], read])).toEqual(
        lines.map((line) => [line, words(line)]),
      );
    }
  });

  it('are marked wherever they are read otherwise in another environment', { timeout: 120_000 }, async () => {
    for (let run = 0; run < runs; run++) {
      const drawn = sample().filter((line) => words(line) !== undefined);
      const wrong = await refused(drawn);
      const lines = drawn.filter((_, at) => !wrong.has(at));
      const unset = await readLines(lines, '  unsetenv X HOME');
      const set = await readLines(lines, '  setenv X "one two"\n  setenv HOME else');
      const marked = lines.filter((line, at) => JSON.stringify(unset[at]) !== JSON.stringify(set[at]));
      expect(marked.filter((line) => !isOpaque(line))).toEqual([]);
      expect(marked.length).toBeGreaterThan(0);
    }
  });

  it('are broken only where HAProxy refuses the line', { timeout: 120_000 }, async () => {
    const lines = sample();
    const wrong = await refused(lines);
    expect(lines.filter((line, at) => words(line) === undefined && !wrong.has(at))).toEqual([]);
    expect(lines.filter((line, at) => wrong.has(at) && words(line) !== undefined && !isOpaque(line))).toEqual([]);
  });
});
