import type { RuntimeSocket } from '@flotilla/haproxy';
import { expect, test } from 'vitest';
import { createDriftWatch } from '../../src/delivery/drift-watch.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { artifact } from '../artifacts.ts';
import { contextOf, runningWorker, settle } from '../context.ts';

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
  const running = () => runningWorker(worker);
  const context = contextOf({
    haproxy: { look: () => Promise.resolve({ kind: 'running', running: running() }), runtime: () => socket },
  });
  const deliver = (number: number, text = config) => {
    const placed = placeArtifact(artifact(number, { 'haproxy.cfg': text, 'ssl.list': 'site.pem\n' }), '/current');
    settle(context, placed, running());
    return placed;
  };
  const watch = createDriftWatch(context);
  /** As many looks as it takes to compare everything. */
  const look = async () => {
    for (let at = 0; at < 10; at++) await watch.look(new AbortController().signal);
  };
  /** What follows when a reload is wanted; says whether one was. */
  const reload = async () => {
    const { place } = context.state;
    if (place.kind !== 'waiting') return false;
    worker++;
    settle(context, place.disk, running());
    await watch.expectFresh(running(), place.disk);
    return true;
  };
  return { list, context, deliver, look, reload };
}

test('drift that a reload did not cure is told, and HAProxy is left alone', async () => {
  const { context, deliver, look, reload } = node();
  deliver(1);
  await look();
  expect(await reload()).toBe(true);
  for (let at = 0; at < 3; at++) {
    await look();
    expect(await reload()).toBe(false);
    expect(context.state.problem).toContain('a reload did not cure it: list');
  }
});

test('drift that is cured and comes again, is another, or is of another version is mended again', async () => {
  const { list, context, deliver, look, reload } = node();
  const drifted = list.shown;
  deliver(1);
  await look();
  expect(await reload()).toBe(true);
  list.shown = '# /current/ssl.list\n/current/another.pem\n';
  await look();
  expect(await reload()).toBe(true);
  await look();
  expect(await reload()).toBe(false);
  expect(context.state.problem).toBeDefined();
  list.shown = drifted;
  await look();
  expect(await reload()).toBe(true);
  await look();
  expect(await reload()).toBe(false);
  deliver(2, `${config}  mode http\n`);
  await look();
  expect(await reload()).toBe(true);
});
