import { expect, test } from 'vitest';
import { Encoder } from '../src/encoder.ts';
import type { FilePatch } from '../src/process-messages.ts';

const said = ({ head, tail, bytes }: FilePatch): [number, string, number] => [
  head,
  new TextDecoder().decode(bytes),
  tail,
];
const file = (path: string, ...texts: string[]) => ({ path, text: texts.map((text) => ({ text })) });

test('pieces become the bytes of one file', () => {
  const [patch] = new Encoder(100).encode([file('a', 'é', '', 'b😀')])!;
  expect(said(patch!)).toEqual([0, 'éb😀', 0]);
});

test('what changed since the answer before is given, between what stays at the head and at the tail', () => {
  const encoder = new Encoder(100);
  const encode = (...texts: string[]) => encoder.encode([file('a', ...texts), file('b', 'same')])!.map(said);
  expect(encode('é', 'y', 'z')).toEqual([
    [0, 'éyz', 0],
    [0, 'same', 0],
  ]);
  expect(encode('é', 'y', 'z')).toEqual([
    [4, '', 0],
    [4, '', 0],
  ]);
  expect(encode('é', 'new', 'z')[0]).toEqual([2, 'new', 1]);
  expect(encode('é', 'z')[0]).toEqual([2, '', 1]);
  // Pieces that are equal on both sides count once.
  expect(encode('é', 'z', 'z')[0]).toEqual([3, 'z', 0]);
  expect(encode('z')[0]).toEqual([0, '', 1]);
  expect(encode()[0]).toEqual([0, '', 0]);
});

test('the limit counts the bytes of all files together, those that did not change too', () => {
  const encoder = new Encoder(10);
  expect(encoder.encode([file('a', 'éééé')])).toHaveLength(1);
  expect(encoder.encode([file('a', 'éééé'), file('b', '12')])).toHaveLength(2);
  expect(encoder.encode([file('a', 'éééé'), file('b', '123')])).toBeUndefined();
  // What was refused was not given: the patch is one of what was.
  expect(encoder.encode([file('a', 'éééé'), file('b', '3')])!.map(said)).toEqual([
    [8, '', 0],
    [0, '3', 0],
  ]);
});
