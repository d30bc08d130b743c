import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '@flotilla/domain';
import { KnownObjects } from '../src/etcd2/known-objects.ts';
import { Outbox, merge } from '../src/etcd2/outbox.ts';
import { fold } from './fold.ts';

const put = (path: string, index: number): Change => ({ kind: 'put', path, text: `v${index}`, index });
const del = (path: string, index: number): Change => ({ kind: 'delete', path, index });

function batchOf(changes: readonly Change[]): Change[] {
  const batch = new Map<string, Change>();
  for (const change of changes) merge(batch, change);
  return [...batch.values()];
}

const arbitraryChanges = fc
  .array(
    fc.oneof(
      fc.constantFrom('p/a/1', 'p/a/2', 'p/b/1', 'p/ab/1').map((path) => (index: number) => put(path, index)),
      fc.constantFrom('p/a/1', 'p/b/1', 'p/a', 'p/b', 'p').map((path) => (index: number) => del(path, index)),
    ),
    { maxLength: 40 },
  )
  .map((makers) => makers.map((make, at) => make(at + 1)));

const folded = (changes: readonly Change[]) => {
  const objects = new Map([['p/a/2', 'old']]);
  fold(objects, { kind: 'changes', changes, index: 0 });
  return Object.fromEntries([...objects].sort());
};

describe('a batch', () => {
  it('keeps only the newest change of each path', () => {
    expect(batchOf([put('p/a/1', 1), put('p/b/1', 2), put('p/a/1', 3), del('p/b/1', 4)])).toEqual([
      put('p/a/1', 3),
      del('p/b/1', 4),
    ]);
  });

  it('drops what a later directory delete covers and keeps what comes after it', () => {
    expect(batchOf([put('p/a/1', 1), put('p/ab/1', 2), del('p/a', 3), put('p/a/2', 4)])).toEqual([
      put('p/ab/1', 2),
      del('p/a', 3),
      put('p/a/2', 4),
    ]);
  });

  it('leads to the same state as all its changes one by one', () => {
    fc.assert(
      fc.property(arbitraryChanges, (changes) => {
        const batch = batchOf(changes);
        expect(folded(batch)).toEqual(folded(changes));
        expect(new Set(batch.map(({ path }) => path)).size).toBe(batch.length);
      }),
    );
  });
});

describe('the known objects', () => {
  it('refuse what is older than what is known', () => {
    const known = new KnownObjects();
    expect(known.accept(put('p/a/1', 5))).toBe(true);
    expect(known.accept(put('p/a/1', 5))).toBe(false);
    expect(known.accept(put('p/a/1', 4))).toBe(false);
    expect(known.accept(del('p/a/1', 4))).toBe(false);
    expect(known.accept(put('p/a/1', 6))).toBe(true);
    expect(known.accept(del('p/a/1', 7))).toBe(true);
    expect(known.accept(del('p/a/1', 8))).toBe(false);
  });

  it('forget what a directory delete covers', () => {
    const known = new KnownObjects();
    for (const path of ['p/a/1', 'p/a/2', 'p/ab/1']) known.accept(put(path, 1));
    expect(known.accept(del('p/a', 2))).toBe(true);
    expect(known.accept(del('p/a', 3))).toBe(false);
    expect(known.size).toBe(1);
  });

  it('tell after a listing what is gone', () => {
    const known = new KnownObjects();
    for (const path of ['p/a/1', 'p/a/2']) known.accept(put(path, 1));
    expect(known.replace([{ path: 'p/a/2', text: '', index: 9 }])).toEqual(['p/a/1']);
    expect(known.accept(put('p/a/2', 9))).toBe(false);
  });
});

describe('the outbox', () => {
  it('hands out the state before the changes after it, and what arrived meanwhile as one', async () => {
    const outbox = new Outbox();
    const { signal } = new AbortController();
    outbox.change(put('p/a/1', 1));
    outbox.state([{ path: 'p/a/1', text: 'v2', index: 2 }], 2);
    outbox.change(put('p/a/1', 3));
    outbox.change(put('p/a/2', 4));
    expect(await outbox.take(signal)).toMatchObject({ kind: 'state', index: 2 });
    expect(await outbox.take(signal)).toEqual({
      kind: 'changes',
      changes: [put('p/a/1', 3), put('p/a/2', 4)],
      index: 4,
    });
  });

  it('wakes the consumer for a change and for the end', async () => {
    const outbox = new Outbox();
    const controller = new AbortController();
    const first = outbox.take(controller.signal);
    outbox.change(put('p/a/1', 1));
    expect(await first).toMatchObject({ kind: 'changes' });
    const second = outbox.take(controller.signal);
    controller.abort();
    expect(await second).toBeUndefined();
    expect(await outbox.take(controller.signal)).toBeUndefined();
  });
});
