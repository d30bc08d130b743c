import { expect, it } from 'vitest';
import { Bell } from '../src/bell.ts';

const never = new AbortController().signal;

it('wakes who waits', async () => {
  const bell = new Bell();
  const waiting = bell.wait(60_000, never);
  bell.ring();
  expect(await waiting).toBe(true);
});

it('is heard by the next one when nobody waits, and only once', async () => {
  const bell = new Bell();
  bell.ring();
  bell.ring();
  expect(await bell.wait(60_000, never)).toBe(true);
  expect(await bell.wait(1, never)).toBe(false);
});

it('lets go when the signal is aborted', async () => {
  const ending = new AbortController();
  const waiting = new Bell().wait(60_000, ending.signal);
  ending.abort();
  expect(await waiting).toBe(false);
  expect(await new Bell().wait(60_000, ending.signal)).toBe(false);
});
