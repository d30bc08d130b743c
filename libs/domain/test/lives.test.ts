import { expect, test } from 'vitest';
import {
  type ArtifactIdentity,
  comesBefore,
  digest,
  epoch,
  formatAhead,
  isOlder,
  newEpoch,
  parseAhead,
  version,
} from '../src/index.ts';

const at = (life: string, number: number): ArtifactIdentity => ({
  epoch: epoch(life),
  version: version(number),
  digest: digest(`${life}/${number}`),
});

test('a life begins after every life that is known, also where clocks are wrong, and never before the time', () => {
  const first = newEpoch([], 1_000);
  const afterAWrongClock = newEpoch([first, newEpoch([], 9_000), ''], 2_000);
  const last = newEpoch([afterAWrongClock], 2_001);
  const lives = [first, newEpoch([first], 500), newEpoch([first], 2_000), afterAWrongClock, last];
  const numbers = lives.map((life) => Number(life.split('.')[0]));
  expect(numbers).toEqual([1_000, 1_001, 2_000, 9_001, 9_002]);
  expect(new Set(lives.map((life) => life.split('.')[1])).size).toBe(lives.length);
});

test('versions have an order within a life and from life to life', () => {
  const [early, late] = [newEpoch([], 999), newEpoch([], 1_000)];
  expect(comesBefore(at(early, 7), at(early, 8))).toBe(true);
  expect(comesBefore(at(early, 8), at(early, 7))).toBe(false);
  // A number that was given twice says that the life lost something.
  expect(comesBefore(at(early, 7), { ...at(early, 7), digest: digest('other') })).toBe(true);
  // The same content is nothing older, whatever its number.
  expect(isOlder({ ...at(early, 6), digest: at(early, 8).digest }, at(early, 8))).toBe(false);
  expect(isOlder(at(early, 6), at(early, 8))).toBe(true);
  expect(comesBefore(at(early, 9), at(late, 1))).toBe(true);
  expect(comesBefore(at(late, 1), at(early, 9))).toBe(false);
});

test('the lives of earlier releases have no place in the order', () => {
  for (const old of ['Ab3_x-', '77-a', '']) {
    expect(comesBefore(at(old, 1), at(newEpoch([]), 9))).toBe(false);
    expect(comesBefore(at(newEpoch([]), 1), at(old, 9))).toBe(false);
    expect(comesBefore(at(old, 1), at(old, 2))).toBe(true);
  }
});

test('the word of a node that is ahead is read back, and nothing else', () => {
  const word = at(newEpoch([]), 3);
  expect(parseAhead(formatAhead(word))).toEqual(word);
  for (const text of ['', 'null', '{}', '{"epoch":"1.a","version":"3","digest":"d"}'])
    expect(parseAhead(text)).toBeUndefined();
});
