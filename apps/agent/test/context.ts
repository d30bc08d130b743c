import { identityOf } from '@flotilla/domain';
import { PendingRemovals } from '@flotilla/haproxy';
import { createLogger, createMetrics } from '@flotilla/runtime';
import { agentMetrics } from '../src/agent-metrics.ts';
import { type Context, type DeliverySettings, type Parts, createContext } from '../src/delivery/context.ts';
import { ReloadBudget } from '../src/delivery/reload-budget.ts';
import type { HaproxyPort, Running } from '../src/haproxy/port.ts';
import type { PlacedRelease } from '../src/store/placed-release.ts';
import { emptyState } from '../src/store/state-file.ts';
import type { ReleaseStore } from '../src/store/release-store.ts';

/** A worker that runs, as a look finds it. */
export const runningWorker = (worker = 1): Running => ({
  version: '2.6.12',
  master: 1,
  worker,
  oldWorkers: 0,
  release: undefined,
  statsSocket: true,
});

/** What steps of a delivery work with, without a process or a disk: only what a test gives is there. */
export const contextOf = (given: {
  haproxy: Partial<HaproxyPort>;
  store?: Partial<ReleaseStore>;
  signal?: AbortSignal;
  answer?: Parts['answer'];
  settings?: Partial<DeliverySettings>;
}): Context =>
  createContext({
    node: 'node-1',
    store: (given.store ?? {}) as ReleaseStore,
    haproxy: { mode: 'supervise', beforeRestart: () => undefined, ...given.haproxy } as HaproxyPort,
    removals: new PendingRemovals({ deadlineMs: 1_000 }),
    budget: new ReloadBudget(0),
    log: createLogger({ app: 'agent', level: 'silent' }),
    metrics: agentMetrics(createMetrics()),
    settings: {
      binary: undefined,
      version: '2.6.12',
      statsSocket: '',
      checkTimeoutMs: 1_000,
      maxOldWorkers: 1,
      longestPutOffMs: 900_000,
      ...given.settings,
    },
    answer: given.answer ?? (() => undefined),
    signal: given.signal ?? new AbortController().signal,
  });

/** The node runs a release, which passed its check. */
export function settle(context: Context, disk: PlacedRelease, running: Running): void {
  const saved = { ...emptyState, lastGood: identityOf(disk.manifest) };
  context.move({ kind: 'resumed', disk, saved, isLive: true });
  context.move({ kind: 'looked', running });
}
