import { expect, test } from 'vitest';
import type { Event } from '../../src/delivery/events.ts';
import { move } from '../../src/delivery/machine.ts';
import { waitsForReload } from '../../src/delivery/make-live.ts';
import { ReloadBudget } from '../../src/delivery/reload-budget.ts';
import { type State, initialState } from '../../src/delivery/state.ts';
import { StepClock } from '../../src/delivery/step-clock.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { emptyState } from '../../src/store/state-file.ts';
import { artifact } from '../artifacts.ts';
import { contextOf, runningWorker } from '../context.ts';

const placed = (version: number) =>
  placeArtifact(artifact(version, { 'haproxy.cfg': `# ${version}\n` }), '/nowhere/current');
const after = (state: State, ...events: Event[]): State => events.reduce((at, event) => move(at, event).state, state);
const resumed: Event = { kind: 'resumed', disk: placed(1), saved: emptyState, isLive: true };
const runs: Event = { kind: 'looked', running: runningWorker() };
const switched = (why: string | undefined): Event => ({
  kind: 'switched',
  placed: placed(2),
  isChecked: true,
  why,
  clock: new StepClock(),
});
/** It has another version on its disk, which takes a reload. */
const due = after(initialState, resumed, runs, switched('haproxy.cfg:1'));
const putOff: Event = { kind: 'put-off', since: 1, notBefore: 2 };

const waits = (state: State, spentAt = -Infinity) => {
  const budget = new ReloadBudget(2_000);
  budget.spend(spentAt);
  return waitsForReload({ ...contextOf({ haproxy: {} }), state, budget }, 10_000);
};

test('a reload is put off while old workers have connections, or as the last one was a moment ago', () => {
  expect(waits(due)).toBe(false);
  expect(waits(due, 9_000)).toBe(true);
  expect(waits(due, 8_000)).toBe(false);
  expect(waits(after(due, putOff))).toBe(true);
});

test('what is told through the socket, a start, what an operator asked for and what failed are put off by nothing', () => {
  expect(waits(after(initialState, resumed, runs), 9_000)).toBe(false);
  expect(waits(after(initialState, resumed, runs, switched(undefined)), 9_000)).toBe(false);
  expect(waits(after(due, putOff, { kind: 'looked', running: undefined }))).toBe(false);
  expect(waits(after(due, putOff, { kind: 'reload-asked', why: 'asked' }))).toBe(false);
  const failed = { kind: 'brought-nothing', words: 'w', problem: 'p', notBefore: 4, pauseMs: 3, unproven: 2 } as const;
  expect(waits(after(due, putOff, failed), 9_000)).toBe(false);
});
