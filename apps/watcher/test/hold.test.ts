import { expect, test } from 'vitest';
import { Hold } from '../src/hold.ts';

const hold = () => new Hold({ quietMs: 2_000, longestMs: 30_000 });

test('a fleet is free until its configmaps are gone, and held until one is back', () => {
  const fleet = hold();
  expect(fleet.update(false, 0)).toBe('free');
  expect(fleet.update(true, 10)).toBe('held');
  expect(fleet.update(true, 100_000)).toBe('held');
});

test('it is written again when the store has been silent for a while', () => {
  const fleet = hold();
  fleet.update(true, 0);
  expect(fleet.update(false, 1_000)).toBe('settling');
  fleet.changed(2_500);
  expect(fleet.update(false, 3_100)).toBe('settling');
  expect(fleet.leftMs(3_100)).toBe(1_400);
  expect(fleet.update(false, 4_500)).toBe('free');
  fleet.changed(4_600);
  expect(fleet.update(false, 4_600)).toBe('free');
});

test('a store that is never silent is believed in the end', () => {
  const fleet = hold();
  fleet.update(true, 0);
  fleet.update(false, 1_000);
  for (let now = 1_000; now < 31_000; now += 1_000) {
    fleet.changed(now);
    expect(fleet.update(false, now)).toBe('settling');
  }
  fleet.changed(31_000);
  expect(fleet.update(false, 31_000)).toBe('free');
});

test('a store that loses the configmaps again holds the fleet again', () => {
  const fleet = hold();
  fleet.update(true, 0);
  fleet.update(false, 1_000);
  expect(fleet.update(true, 1_500)).toBe('held');
  expect(fleet.update(false, 10_000)).toBe('settling');
  expect(fleet.update(false, 12_000)).toBe('free');
});
