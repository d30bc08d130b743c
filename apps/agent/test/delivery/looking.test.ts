import type { RuntimeSocket } from '@flotilla/haproxy';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
import { Delivery } from '../../src/delivery/delivery.ts';
import { StepClock } from '../../src/delivery/step-clock.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { artifact } from '../artifacts.ts';
import { contextOf, runningWorker, settle } from '../context.ts';

/** A node that runs a version, whose HAProxy answers no question; `asked` are the signals of the questions. */
function node() {
  const asked: AbortSignal[] = [];
  const socket: RuntimeSocket = {
    where: 'nowhere',
    ask: () => Promise.reject(new Error('not asked here')),
    askAll: (_, { signal } = {}) =>
      new Promise((__, reject) => {
        if (!signal) throw new Error('a look can be broken off');
        asked.push(signal);
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  };
  const running = runningWorker();
  const ending = new AbortController();
  const context = contextOf({
    haproxy: { look: () => Promise.resolve({ kind: 'running', running }), runtime: () => socket },
    store: { unflushedSince: undefined, collect: () => Promise.resolve(), writeState: () => undefined },
    signal: ending.signal,
  });
  const placed = placeArtifact(artifact(1, { 'haproxy.cfg': 'backend web\n  server a 127.0.0.1:1\n' }), '/current');
  // A version that is parked already is set aside at once.
  const next = artifact(2, { 'haproxy.cfg': '# refused before\n' });
  settle(context, placed, running);
  context.move({ kind: 'unplaceable', artifact: next.manifest, reason: 'refused', clock: new StepClock() });
  const delivery = new Delivery(context, { verifyMs: 1, onStep: () => undefined });
  return { asked, context, delivery, next, ending };
}

test('a look at HAProxy stands aside for a new version, but not for one after the other', async () => {
  const { asked, context, delivery, next, ending } = node();
  void delivery.run();
  const nextLook = (number: number) => waitFor(() => asked.length === number, { what: `look ${number}` });
  for (const look of [1, 2, 3]) {
    await nextLook(look);
    delivery.offer(next);
    expect(asked[look - 1]?.aborted).toBe(true);
    await waitFor(() => context.state.next === undefined, { what: 'the version to be taken' });
  }
  await nextLook(4);
  delivery.offer(next);
  expect(asked[3]?.aborted).toBe(false);
  ending.abort();
});
