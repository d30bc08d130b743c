import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPatch, makePatch } from '../src/patch.ts';

const bytes = fc.uint8Array({ maxLength: 60, max: 3 }).map((array) => Buffer.from(array));

test('a patch leads from any content to any other', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, bytes, (head, before, after, tail) => {
      const a = Buffer.concat([head, before, tail]);
      const b = Buffer.concat([head, after, tail]);
      expect(applyPatch(a, makePatch(a, b))).toEqual(b);
    }),
    { numRuns: 2_000 },
  );
});

test('a patch of a large file holds only what changed', () => {
  const line = (at: number): string => `  server pod-${at} 10.0.${at % 250}.7:80\n`;
  const lines = Array.from({ length: 50_000 }, (_, at) => line(at));
  const before = Buffer.from(lines.join(''));
  lines[31_000] = line(99_999);
  const after = Buffer.from(lines.join(''));
  const patch = makePatch(before, after);
  expect(patch.replacement.length).toBeLessThan(20);
  expect(applyPatch(before, patch).equals(after)).toBe(true);
});

test('a patch that does not fit is refused', () => {
  const content = Buffer.from('short');
  expect(() => applyPatch(content, { start: 2, end: 9, replacement: content })).toThrow(RangeError);
  expect(() => applyPatch(content, { start: 4, end: 2, replacement: content })).toThrow(RangeError);
});
