import { PendingRemovals, type RuntimeSocket } from '@flotilla/haproxy';
import { createLogger, createMetrics } from '@flotilla/runtime';
import { expect, test } from 'vitest';
import { agentMetrics } from '../../src/agent-metrics.ts';
import type { Context } from '../../src/delivery/context.ts';
import { ReloadBudget } from '../../src/delivery/reload-budget.ts';
import { newStanding } from '../../src/delivery/standing.ts';
import { createWatch } from '../../src/delivery/watch.ts';
import type { HaproxyPort, Running } from '../../src/haproxy/port.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import type { ReleaseStore } from '../../src/store/release-store.ts';
import { artifact } from '../artifacts.ts';

const config = 'frontend web\n  bind 127.0.0.1:1 ssl crt-list ssl.list\n';

/** A node whose HAProxy shows a list of certificates as `list.shown`, whatever is done to it. */
function node() {
  const list = { shown: '# /current/ssl.list\n/current/other.pem\n' };
  const socket: RuntimeSocket = {
    where: 'nowhere',
    ask: () => Promise.reject(new Error('not asked here')),
    askAll: (commands) => Promise.resolve(commands.map((command) => (command.includes('crt-list') ? list.shown : ''))),
  };
  let worker = 1;
  const running = (): Running => ({
    version: '2.6.12',
    master: 1,
    worker,
    oldWorkers: 0,
    release: undefined,
    statsSocket: true,
  });
  const haproxy: Partial<HaproxyPort> = {
    mode: 'supervise',
    look: () => Promise.resolve({ kind: 'running', running: running() }),
    runtime: () => socket,
  };
  const standing = newStanding();
  const deliver = (number: number, text = config) => {
    const placed = placeArtifact(artifact(number, { 'haproxy.cfg': text, 'ssl.list': 'site.pem\n' }), '/current');
    Object.assign(standing, { disk: placed, live: placed });
    return placed;
  };
  const context: Context = {
    node: 'node-1',
    store: {} as ReleaseStore,
    haproxy: haproxy as HaproxyPort,
    standing,
    removals: new PendingRemovals({ deadlineMs: 1_000 }),
    budget: new ReloadBudget(1_000),
    log: createLogger({ app: 'agent', level: 'silent' }),
    metrics: agentMetrics(createMetrics()),
    settings: { binary: undefined, version: '2.6.12', statsSocket: '', checkTimeoutMs: 1_000, maxOldWorkers: 1 },
    answer: () => undefined,
    signal: new AbortController().signal,
  };
  const watch = createWatch(context);
  /** As many looks as it takes to compare everything. */
  const look = async () => {
    for (let at = 0; at < 10; at++) await watch.look(new AbortController().signal);
  };
  /** What follows when a reload is wanted; says whether one was. */
  const reload = async () => {
    if (!standing.waiting) return false;
    standing.waiting = undefined;
    worker++;
    standing.running = running();
    if (standing.live) await watch.expectFresh(standing.running, standing.live);
    return true;
  };
  Object.assign(standing, { running: running() });
  return { list, standing, deliver, look, reload };
}

test('drift that a reload did not cure is told, and HAProxy is left alone', async () => {
  const { standing, deliver, look, reload } = node();
  deliver(1);
  await look();
  expect(await reload()).toBe(true);
  for (let at = 0; at < 3; at++) {
    await look();
    expect(await reload()).toBe(false);
    expect(standing.problem).toContain('a reload did not cure it: list');
  }
});

test('drift that is cured and comes again, is another, or is of another version is mended again', async () => {
  const { list, standing, deliver, look, reload } = node();
  const drifted = list.shown;
  deliver(1);
  await look();
  expect(await reload()).toBe(true);
  list.shown = '# /current/ssl.list\n/current/another.pem\n';
  await look();
  expect(await reload()).toBe(true);
  await look();
  expect(await reload()).toBe(false);
  expect(standing.problem).toBeDefined();
  list.shown = drifted;
  await look();
  expect(await reload()).toBe(true);
  await look();
  expect(await reload()).toBe(false);
  deliver(2, `${config}  mode http\n`);
  await look();
  expect(await reload()).toBe(true);
});
