import { createLogger } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
import type { Context } from '../../src/delivery/context.ts';
import { createFlush } from '../../src/delivery/flush.ts';

function flushing() {
  const store = { unflushedSince: undefined as number | undefined, isBroken: false, flushes: 0 };
  const wakes: number[] = [];
  const flush = (): Promise<void> => {
    store.flushes++;
    if (store.isBroken) return Promise.reject(new Error('no space'));
    store.unflushedSince = undefined;
    return Promise.resolve();
  };
  const context = {
    store: Object.assign(store, { flush }),
    log: createLogger({ app: 'agent', level: 'silent' }),
  } as unknown as Context;
  return { store, wakes, duty: createFlush(context, () => wakes.push(performance.now())) };
}

test('what was written is flushed a little later, once, and not again before there is something new', async () => {
  const { store, wakes, duty } = flushing();
  expect(duty.dueAt()).toBe(Infinity);
  store.unflushedSince = 1_000;
  const due = duty.dueAt();
  expect(due).toBeGreaterThan(1_000);
  expect(due).toBeLessThan(2_000);
  await duty.run();
  expect(duty.dueAt()).toBe(Infinity);
  await waitFor(() => wakes.length === 1, { what: 'the flush to end' });
  expect(store.flushes).toBe(1);
  expect(duty.dueAt()).toBe(Infinity);
});

test('a flush that fails is due again, after a pause', async () => {
  const { store, wakes, duty } = flushing();
  store.unflushedSince = 0;
  store.isBroken = true;
  await duty.run();
  await waitFor(() => wakes.length === 1, { what: 'the flush to fail' });
  expect(duty.dueAt()).toBeGreaterThan(performance.now());
  expect(duty.dueAt()).toBeLessThan(Infinity);
});
