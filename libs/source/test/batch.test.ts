import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EtcdChange, StoreChange } from '../src/etcd2/changes.ts';
import { KnownObjects } from '../src/etcd2/known-objects.ts';
import { Outbox } from '../src/etcd2/outbox.ts';
import { fold } from './fold.ts';

const put = (path: string, index: number): EtcdChange => ({ kind: 'put', path, text: `v${index}`, index });
const del = (path: string, index: number): EtcdChange => ({ kind: 'delete', path, index });

const below = (path: string, index: number): StoreChange => ({ kind: 'delete-below', path, index });

const arbitraryChanges = fc
  .array(
    fc.oneof(
      fc.constantFrom('p/a/1', 'p/a/2', 'p/b/1', 'p/ab/1').map((path) => (index: number) => put(path, index)),
      fc.constantFrom('p/a/1', 'p/b/1').map((path) => (index: number) => del(path, index)),
      fc.constantFrom('p/a', 'p/b', 'p').map((path) => (index: number) => below(path, index)),
    ),
    { maxLength: 40 },
  )
  .map((makers) => makers.map((make, at) => make(at + 1)));

/** The same by the rules of etcd, one by one. */
function played(changes: readonly StoreChange[]): Record<string, string> {
  const objects = new Map([['p/a/2', 'v0']]);
  for (const change of changes) {
    if (change.kind === 'put') objects.set(change.path, change.text);
    else if (change.kind === 'delete') objects.delete(change.path);
    else for (const path of objects.keys()) if (path.startsWith(`${change.path}/`)) objects.delete(path);
  }
  return Object.fromEntries([...objects].sort());
}

it('what etcd did reaches the consumer as the newest change of each object, however much of it at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryChanges, { maxLength: 4 }), async (bursts) => {
      const known = new KnownObjects();
      known.replace([{ path: 'p/a/2', text: 'v0', index: 0 }]);
      const outbox = new Outbox();
      const objects = new Map([['p/a/2', 'v0']]);
      const all = bursts.flat().map((change, at) => ({ ...change, index: at + 1 }));
      let at = 0;
      for (const burst of bursts) {
        const changes = all.slice(at, (at += burst.length)).flatMap((change) => known.accept(change));
        for (const change of changes) outbox.change(change);
        if (changes.length === 0) continue;
        const event = await outbox.take(new AbortController().signal);
        const told = event?.kind === 'changes' ? event.changes : [];
        expect(new Set(told.map(({ path }) => path)).size).toBe(told.length);
        if (event) fold(objects, event);
      }
      expect(Object.fromEntries([...objects].sort())).toEqual(played(all));
    }),
  );
});

describe('the known objects', () => {
  it('refuse what is older than what is known', () => {
    const known = new KnownObjects();
    const isTaken = (change: EtcdChange) => known.accept(change).length > 0;
    expect(isTaken(put('p/a/1', 5))).toBe(true);
    expect(isTaken(put('p/a/1', 5))).toBe(false);
    expect(isTaken(put('p/a/1', 4))).toBe(false);
    expect(isTaken(del('p/a/1', 4))).toBe(false);
    expect(isTaken(put('p/a/1', 6))).toBe(true);
    expect(isTaken(del('p/a/1', 7))).toBe(true);
    expect(isTaken(del('p/a/1', 8))).toBe(false);
  });

  it('turn the end of a directory into that of what is known below it', () => {
    const known = new KnownObjects();
    for (const path of ['p/a/1', 'p/a/2', 'p/ab/1']) known.accept(put(path, 1));
    known.accept(put('p/a/3', 5));
    expect(known.accept(below('p/a', 2))).toEqual([del('p/a/1', 2), del('p/a/2', 2)]);
    expect(known.accept(below('p/a', 3))).toEqual([]);
    expect(known.size).toBe(2);
  });

  it('tell after a listing what is gone', () => {
    const known = new KnownObjects();
    for (const path of ['p/a/1', 'p/a/2']) known.accept(put(path, 1));
    expect(known.replace([{ path: 'p/a/2', text: '', index: 9 }])).toEqual(['p/a/1']);
    expect(known.accept(put('p/a/2', 9))).toEqual([]);
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
    expect(await outbox.take(signal)).toMatchObject({ kind: 'state', position: '2' });
    expect(await outbox.take(signal)).toEqual({
      kind: 'changes',
      changes: [
        { kind: 'put', path: 'p/a/1', text: 'v3', position: '3' },
        { kind: 'put', path: 'p/a/2', text: 'v4', position: '4' },
      ],
      position: '4',
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
