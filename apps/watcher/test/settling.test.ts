import { expect, test } from 'vitest';
import { Settling } from '../src/settling.ts';

const settling = () => new Settling({ quietMs: 2_000, longestMs: 30_000 });

test('a fleet stays held for as long as the store lacks something of it', () => {
  const fleet = settling();
  expect(fleet.isOver(true, 10)).toBe(false);
  expect(fleet.isOver(true, 100_000)).toBe(false);
});

test('it goes on when all is back and the store has been silent for a while', () => {
  const fleet = settling();
  fleet.isOver(true, 0);
  expect(fleet.isSettling).toBe(false);
  expect(fleet.isOver(false, 1_000)).toBe(false);
  expect(fleet.isSettling).toBe(true);
  fleet.changed(2_500);
  expect(fleet.isOver(false, 3_100)).toBe(false);
  expect(fleet.leftMs(3_100)).toBe(1_400);
  expect(fleet.isOver(false, 4_500)).toBe(true);
  expect(fleet.leftMs(4_500)).toBe(0);
});

test('whoever finds a hold where nothing is lacking waits for silence as well', () => {
  const fleet = settling();
  expect(fleet.isOver(false, 1_000)).toBe(false);
  expect(fleet.isOver(false, 3_000)).toBe(true);
});

test('a store that is never silent is believed in the end', () => {
  const fleet = settling();
  fleet.isOver(true, 0);
  fleet.isOver(false, 1_000);
  for (let now = 1_000; now < 31_000; now += 1_000) {
    fleet.changed(now);
    expect(fleet.isOver(false, now)).toBe(false);
  }
  fleet.changed(31_000);
  expect(fleet.isOver(false, 31_000)).toBe(true);
});

test('a store that loses something again is waited for again', () => {
  const fleet = settling();
  fleet.isOver(false, 1_000);
  expect(fleet.isOver(true, 1_500)).toBe(false);
  expect(fleet.isOver(false, 10_000)).toBe(false);
  expect(fleet.isOver(false, 12_000)).toBe(true);
});
