import { PendingRemovals, type RuntimeSocket } from '@flotilla/haproxy';
import { createLogger, createMetrics } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
import { agentMetrics } from '../../src/agent-metrics.ts';
import type { Context } from '../../src/delivery/context.ts';
import { Delivery } from '../../src/delivery/delivery.ts';
import { ReloadBudget } from '../../src/delivery/reload-budget.ts';
import { newStanding } from '../../src/delivery/standing.ts';
import type { HaproxyPort, Running } from '../../src/haproxy/port.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import type { ReleaseStore } from '../../src/store/release-store.ts';
import { identityOf } from '../../src/store/state-file.ts';
import { artifact } from '../artifacts.ts';

const running: Running = {
  version: '2.6.12',
  master: 1,
  worker: 2,
  oldWorkers: 0,
  release: undefined,
  statsSocket: true,
};

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
  const haproxy: Partial<HaproxyPort> = {
    mode: 'supervise',
    look: () => Promise.resolve({ kind: 'running', running }),
    runtime: () => socket,
  };
  const store: Partial<ReleaseStore> = { unflushedSince: undefined, collect: () => Promise.resolve() };
  const placed = placeArtifact(artifact(1, { 'haproxy.cfg': 'backend web\n  server a 127.0.0.1:1\n' }), '/current');
  // A version that is parked already is set aside at once.
  const next = artifact(2, { 'haproxy.cfg': '# refused before\n' });
  const standing = newStanding();
  Object.assign(standing, { disk: placed, live: placed, running });
  standing.parked = { artifact: identityOf(next.manifest), reason: 'refused' };
  const ending = new AbortController();
  const context: Context = {
    node: 'node-1',
    store: store as ReleaseStore,
    haproxy: haproxy as HaproxyPort,
    standing,
    removals: new PendingRemovals({ deadlineMs: 1_000 }),
    budget: new ReloadBudget(1_000),
    log: createLogger({ app: 'agent', level: 'silent' }),
    metrics: agentMetrics(createMetrics()),
    settings: { binary: undefined, version: '2.6.12', statsSocket: '', checkTimeoutMs: 1_000, maxOldWorkers: 1 },
    answer: () => undefined,
    signal: ending.signal,
  };
  const delivery = new Delivery(context, { verifyMs: 1, onStep: () => undefined });
  return { asked, standing, delivery, next, ending };
}

test('a look at HAProxy stands aside for a new version, but not for one after the other', async () => {
  const { asked, standing, delivery, next, ending } = node();
  void delivery.run();
  const nextLook = (number: number) => waitFor(() => asked.length === number, { what: `look ${number}` });
  for (const look of [1, 2, 3]) {
    await nextLook(look);
    delivery.offer(next);
    expect(asked[look - 1]?.aborted).toBe(true);
    await waitFor(() => standing.next === undefined, { what: 'the version to be taken' });
  }
  await nextLook(4);
  delivery.offer(next);
  expect(asked[3]?.aborted).toBe(false);
  ending.abort();
});
