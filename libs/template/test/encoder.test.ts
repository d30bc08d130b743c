import { expect, test } from 'vitest';
import { Encoder } from '../src/encoder.ts';

const decoded = (bytes: Uint8Array | null | undefined): string | undefined =>
  bytes ? new TextDecoder().decode(bytes) : undefined;

test('pieces become the bytes of one file, in memory that can be handed over', () => {
  const [file] = new Encoder(100).encode([{ path: 'a', text: [{ text: 'é' }, { text: '' }, { text: 'b😀' }] }])!;
  expect(decoded(file!.bytes)).toBe('éb😀');
  expect(file!.bytes!.buffer.byteLength).toBe(file!.bytes!.length);
});

test('a file that is as it was is not given again, one that changed is, also when it is what it was before', () => {
  const encoder = new Encoder(100);
  const encode = (...texts: string[]): (string | undefined)[] =>
    encoder
      .encode([
        { path: 'a', text: texts.map((text) => ({ text })) },
        { path: 'b', text: [{ text: 'same' }] },
      ])!
      .map(({ bytes }) => decoded(bytes));
  expect(encode('x', 'y')).toEqual(['xy', 'same']);
  expect(encode('x', 'y')).toEqual([undefined, undefined]);
  expect(encode('x', 'z')).toEqual(['xz', undefined]);
  expect(encode('x', 'y')).toEqual(['xy', undefined]);
});

test('the limit counts the bytes of all files together, those that did not change too', () => {
  const encoder = new Encoder(10);
  const file = (path: string, text: string) => ({ path, text: [{ text }] });
  expect(encoder.encode([file('a', 'éééé')])).toHaveLength(1);
  expect(encoder.encode([file('a', 'éééé'), file('b', '12')])).toHaveLength(2);
  expect(encoder.encode([file('a', 'éééé'), file('b', '123')])).toBeUndefined();
  // What was refused was not given: it is given when it fits.
  expect(encoder.encode([file('a', 'é'), file('b', '123')])!.map(({ bytes }) => decoded(bytes))).toEqual(['é', '123']);
});
