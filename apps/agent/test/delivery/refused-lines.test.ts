import type { LoadedArtifact } from '@flotilla/artifact';
import { expect, test, vi } from 'vitest';
import type { Context } from '../../src/delivery/context.ts';
import { heldBack, noteRefused } from '../../src/delivery/refused-lines.ts';
import { StepClock } from '../../src/delivery/step-clock.ts';
import { type InTheWay, createTakingUpAgain } from '../../src/delivery/taking-up-again.ts';
import { storePaths } from '../../src/store/paths.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { artifact } from '../artifacts.ts';
import { contextOf, runningWorker } from '../context.ts';

const placed = (config: string) => placeArtifact(artifact(1, { 'haproxy.cfg': config }), '/nowhere');
const context = (): Context => {
  const made = contextOf({ haproxy: {}, store: { paths: storePaths('/nowhere'), writeState: () => undefined } });
  made.move({ kind: 'looked', running: runningWorker() });
  return made;
};
const bad = 'frontend f\n  bind :80\n  bind :81 interface none0\nbackend b\n  server x 1.1.1.1:1\n';
const words = 'Binding [haproxy.cfg:3] for frontend f: cannot bind receiver to device';

test.each([
  ['by number', words],
  ['by name, as before 2.5', 'Starting frontend f: cannot bind receiver to device'],
])('a line that HAProxy names %s is not tried again, wherever it stands, until it changes', (_, reason) => {
  const node = context();
  noteRefused(node, placed(bad), reason);
  expect(heldBack(node, placed(bad))).toContain(reason);
  expect(heldBack(node, placed(`global\n  maxconn 9\n${bad}`))).toMatch(/not tried again in the next \d+ s/);
  expect(heldBack(node, placed(bad.replace('none0', 'none1')))).toBeUndefined();
  expect(heldBack(node, placed(bad.replace('frontend f', 'frontend g')))).toBeUndefined();
  node.move({ kind: 'looked', running: undefined });
  expect(heldBack(node, placed(bad))).toBeUndefined();
});

test('a name that HAProxy gives is that of a proxy that listens, and of no backend', () => {
  const config = 'listen f\n  bind :81 interface none0\nbackend f\n  server x 1.1.1.1:1\n';
  const node = context();
  noteRefused(node, placed(config), 'Starting proxy f: cannot bind receiver to device');
  expect(heldBack(node, placed(`global\n  maxconn 9\n${config}`))).toBeDefined();
  expect(heldBack(node, placed(config.replace('none0', 'none1')))).toBeUndefined();
});

test('without a name it is the configuration but for its servers', () => {
  const node = context();
  noteRefused(node, placed(bad), 'haproxy did not reload');
  expect(heldBack(node, placed(bad.replace('1.1.1.1', '1.1.1.2')))).toContain('haproxy did not reload');
  expect(heldBack(node, placed(bad.replace('backend b', 'backend c')))).toBeUndefined();
});

test('the pause grows with each refusal of the same lines', () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const node = context();
    for (const seconds of [60, 120, 240, 480, 960, 1920, 3600, 3600]) {
      expect(heldBack(node, placed(bad))).toBeUndefined();
      noteRefused(node, placed(bad), words);
      vi.advanceTimersByTime(seconds * 1_000 - 1);
      expect(heldBack(node, placed(bad))).toBeDefined();
      vi.advanceTimersByTime(1);
    }
    noteRefused(node, placed(bad.replace('none0', 'none1')), words);
    vi.advanceTimersByTime(60_000);
    expect(heldBack(node, placed(bad.replace('none0', 'none1')))).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

test('a version that HAProxy did not judge is taken up again when the pause is over, and not before', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const held = artifact(2, { 'haproxy.cfg': bad });
    const node = context();
    const taking = createTakingUpAgain(node, () => held);
    const reason = 'haproxy ended while it reloaded';
    const park = (version: LoadedArtifact, lookAgain: InTheWay) => {
      const failed = placeArtifact(version, '/nowhere/current');
      const clock = new StepClock();
      node.move({ kind: 'refused', failed, reason, touched: false, isDown: false, lookAgain, clock });
    };
    const noted = noteRefused(node, placed(bad), reason);
    park(held, { ...noted, lookAt: noted.notBefore });
    vi.advanceTimersByTime(59_999);
    expect(taking.dueAt()).toBeGreaterThan(performance.now());
    vi.advanceTimersByTime(1);
    expect(taking.dueAt()).toBe(performance.now());
    await taking.run();
    expect(node.state).toMatchObject({ refused: { kind: 'none' }, next: held });
    expect(heldBack(node, placed(bad))).toBeUndefined();

    // A newer one came meanwhile: that one is for its own delivery.
    park(artifact(1, { 'haproxy.cfg': 'frontend f\n' }), { ...noted, lookAt: 0 });
    node.move({ kind: 'offered', artifact: undefined });
    await taking.run();
    expect(node.state).toMatchObject({ refused: { kind: 'parked', artifact: { version: 1 } }, next: undefined });
  } finally {
    vi.useRealTimers();
  }
});
