import { identityOf } from '@flotilla/domain';
import { expect, test } from 'vitest';
import type { Effect, Event, RefusedEvent } from '../../src/delivery/events.ts';
import { move } from '../../src/delivery/machine.ts';
import { type State, diskOf, initialState, liveOf, parkedOf, waitingOf } from '../../src/delivery/state.ts';
import { StepClock } from '../../src/delivery/step-clock.ts';
import { emptyState } from '../../src/store/state-file.ts';
import { runningWorker } from '../context.ts';
import { placedOf, versionOf } from '../node-of-values.ts';

const clock = new StepClock();
const [one, two, three] = [1, 2, 3].map((number) => placedOf(versionOf(number, '1.1.1.1:1', `v${number}`)));
if (!one || !two || !three) throw new Error('three releases');

const after = (state: State, ...events: Event[]): State =>
  events.reduce((from, event) => move(from, event).state, state);
const lookAgain = { lookAt: 5, pauseMs: 5 };
const saved = { ...emptyState, lastGood: identityOf(one.manifest) };
const settled = after(
  initialState,
  { kind: 'resumed', disk: one, saved, isLive: true },
  { kind: 'looked', running: runningWorker(7) },
);
const switched = { kind: 'switched', placed: two, isChecked: false, why: 'a line', clock } as const;
const waiting = after(settled, switched);
const refusal: RefusedEvent = {
  ...({ kind: 'refused', reason: 'no', touched: false, isDown: false, lookAgain, clock } as const),
  failed: two,
  back: { to: one, hasItsPods: false, wasChecked: false },
};
const parked = after(waiting, refusal);
const kinds = (effects: readonly Effect[] = []) => effects.map(({ kind }) => kind);

test('an agent that starts takes what ran well up again, and proves what did not', () => {
  const resume = (lastGood: typeof one | undefined) =>
    after(initialState, {
      kind: 'resumed',
      disk: one,
      saved: { ...emptyState, lastGood: lastGood ? identityOf(lastGood.manifest) : null },
      isLive: false,
    });
  expect(resume(one).place).toMatchObject({ isChecked: true, waiting: { purpose: 'resume', touched: false } });
  expect(resume(two).place).toMatchObject({ isChecked: false, waiting: { purpose: 'deliver', touched: false } });
  expect(settled.place).toEqual({ kind: 'settled', disk: one, isChecked: true });
  // Edited files are read until HAProxy was told to read them anew.
  const edited = after(initialState, { kind: 'resumed', disk: { ...one, inMemory: false }, saved, isLive: true });
  expect([settled.readEdited, edited.readEdited]).toEqual([false, true]);
  expect(after(edited, { kind: 'edits-read' }).readEdited).toBe(false);
});

test('a version waits with what runs beside it, and keeps what an earlier one waited for', () => {
  expect(waitingOf(waiting)).toMatchObject({ purpose: 'deliver', why: 'a line', touched: false, notBefore: 0 });
  expect([diskOf(waiting), liveOf(waiting)]).toEqual([two, one]);
  const asked = after(
    waiting,
    { kind: 'touched' },
    { kind: 'put-off', notBefore: 9, since: 8 },
    { kind: 'reload-asked', why: 'asked' },
  );
  expect(waitingOf(asked)).toMatchObject({ touched: true, isAsked: true, notBefore: 0, putOffSince: 8, why: 'a line' });
  const next = after(asked, { ...switched, placed: three, why: 'another line' });
  expect(waitingOf(next)).toMatchObject({ touched: true, isAsked: true, putOffSince: 8, why: 'a line' });
  const restore = after(settled, { kind: 'restore', why: 'drift' }, switched);
  expect(waitingOf(restore)).toMatchObject({ purpose: 'deliver', why: 'a line', touched: true });
});

test('HAProxy that was told something else only is told its files by a new worker', () => {
  expect(waitingOf(after(waiting, { kind: 'touched', why: 'no answer' }))).toMatchObject({
    touched: true,
    why: 'no answer',
  });
  const failed = { kind: 'brought-nothing', words: 'w', problem: 'p', notBefore: 4, pauseMs: 3, unproven: 2 } as const;
  const again = after(waiting, failed);
  expect(waitingOf(again)).toMatchObject({ touched: true, words: 'w', notBefore: 4, pauseMs: 3, unproven: 2 });
  expect(again.problem).toBe('p');
  // What HAProxy said says more than that it is down.
  expect(after(again, { kind: 'looked', running: undefined, problem: 'down' })).toMatchObject({ problem: 'p' });
  expect(waitingOf(after(again, { kind: 'hurry' }))).toMatchObject({ notBefore: 0, pauseMs: 0, words: 'w' });
});

test('a look tells what is wrong, and that it is over', () => {
  const down = after(waiting, { kind: 'looked', running: undefined, problem: 'down' });
  expect(down).toMatchObject({ running: undefined, problem: 'down' });
  expect(after(down, { kind: 'looked', running: runningWorker(8) })).toMatchObject({
    running: { worker: 8 },
    problem: undefined,
  });
  const drifted = after(settled, { kind: 'drift-lasts', problem: 'drift' });
  expect(after(drifted, { kind: 'looked', running: runningWorker(7) }).problem).toBe('drift');
});

test('a reload that is asked for is made at once, from wherever the node stands', () => {
  const asked = after(settled, { kind: 'reload-asked', why: 'asked' });
  expect(waitingOf(asked)).toMatchObject({
    ...{ purpose: 'restore', why: 'asked', touched: true, isAsked: true, notBefore: 0 },
  });
  expect([diskOf(asked), liveOf(asked)]).toEqual([one, one]);
  expect(after(initialState, { kind: 'reload-asked', why: 'asked' })).toEqual(initialState);
  expect(after(initialState, { kind: 'restore', why: 'drift' })).toEqual(initialState);
  // Whoever waits already goes on waiting for what it waits for.
  expect(after(waiting, { kind: 'restore', why: 'drift' })).toEqual(waiting);
  expect(waitingOf(after(settled, { kind: 'restore', why: 'drift' }))).toMatchObject({ touched: true, why: 'drift' });
});

test('proven: a checked version is good, an unchecked one only once it is checked', () => {
  const proof = { kind: 'proven', how: { kind: 'reload', why: 'a line' }, clock } as const;
  const live = move(waiting, proof);
  expect(kinds(live.after)).toEqual(['save', 'ack']);
  expect(live.state).toMatchObject({
    place: { kind: 'settled', disk: two, isChecked: false },
    good: identityOf(one.manifest),
    proven: { pid: 7, started: null, runs: two.manifest.digest },
  });
  const late = after(live.state, { kind: 'checked-late', placed: two });
  expect(late).toMatchObject({ place: { isChecked: true }, good: identityOf(two.manifest) });
  // The verdict on what is not there any more says nothing of what is.
  const other = after(live.state, { kind: 'checked-late', placed: three });
  expect(other).toMatchObject({ place: { isChecked: false } });
  expect(kinds(move(waiting, { ...proof, how: undefined }).after)).toEqual(['save']);
  const down = after(waiting, { kind: 'looked', running: undefined });
  expect(after(down, proof).proven).toBeNull();
});

test('a refused version is parked; HAProxy that never left what is gone back to is left alone', () => {
  expect(parked).toMatchObject({
    place: { kind: 'settled', disk: one, isChecked: true },
    refused: { kind: 'parked', artifact: { version: 2 }, reason: 'no', lookAgain },
  });
  const mustRead = (change: Partial<typeof refusal>, from = waiting) =>
    waitingOf(after(from, { ...refusal, ...change }));
  const restore = { purpose: 'restore', why: 'version 2 was refused', touched: true, notBefore: 0 };
  expect(mustRead({ touched: true })).toMatchObject({ ...restore, acquits: false });
  expect(mustRead({ isDown: true }, after(waiting, { kind: 'looked', running: undefined }))).toMatchObject({
    ...restore,
    acquits: true,
  });
  expect(mustRead({ back: { to: three, hasItsPods: true, wasChecked: true } })).toMatchObject(restore);
  const unchecked = after(waiting, { ...refusal, back: { to: three, hasItsPods: false, wasChecked: false } });
  expect(unchecked.place).toMatchObject({ disk: three, isChecked: false });
});

test('what HAProxy ran of a refused version does not count as running any more', () => {
  const live = after(waiting, { kind: 'proven', how: undefined, clock });
  const back = after(live, { ...refusal, touched: true });
  expect([diskOf(back), liveOf(back)]).toEqual([one, undefined]);
  expect(after(live, { ...refusal, back: undefined }).place).toEqual({ kind: 'empty' });
});

test('pods of a refused version: wanted, brought, and told whose they are', () => {
  const early = after(settled, refusal);
  expect(early.pods.wanted).toBe(two);
  expect(after(early, { kind: 'pods-taken', of: identityOf(two.manifest) }).pods).toEqual({
    wanted: undefined,
    of: identityOf(two.manifest),
  });
  expect(after(waiting, { ...refusal, back: { to: one, hasItsPods: true, wasChecked: false } }).pods.of).toEqual(
    identityOf(two.manifest),
  );
  expect(parked.pods.of).toBeUndefined();
});

test('what is parked: looked for again, taken up, asked for, or found to be no fault of its own', () => {
  expect(parkedOf(after(parked, { kind: 'still-parked', lookAgain: undefined }))?.lookAgain).toBeUndefined();
  expect(after(settled, { kind: 'still-parked', lookAgain })).toEqual(settled);
  expect(after(parked, { kind: 'unparked' }).refused).toEqual({ kind: 'none' });
  expect(after(parked, { kind: 'acquitted' }).refused).toEqual({ kind: 'mistake' });
  const lines = { lines: 'x', reason: 'no', notBefore: 1, pauseMs: 1 };
  const retried = move(after(parked, { kind: 'lines-refused', lines }), { kind: 'retry-asked' });
  expect(retried.state).toMatchObject({ refused: { kind: 'none' }, refusedLines: undefined });
  expect(kinds(retried.before)).toEqual(['save']);
  const nothingParked = move(settled, { kind: 'retry-asked' });
  expect([nothingParked.state.refused, kinds(nothingParked.before)]).toEqual([{ kind: 'none' }, []]);
  expect(after(after(parked, { kind: 'acquitted' }), { kind: 'retry-asked' }).refused).toEqual({ kind: 'mistake' });
});

test('a parked version is none any more once one that was asked for is live; what is gone back to leaves it parked', () => {
  const proof = { kind: 'proven', how: undefined, clock } as const;
  const asked = after(parked, { kind: 'asked-for', artifact: two.manifest });
  expect(parkedOf(after(asked, { kind: 'restore', why: 'drift' }, proof))).toMatchObject({
    artifact: { version: 2 },
    lookAgain: undefined,
  });
  for (const placed of [two, three]) {
    const live = after(asked, { kind: 'asked-for', artifact: placed.manifest }, { ...switched, placed }, proof);
    expect(live.refused).toEqual({ kind: 'none' });
  }
});

test('a new number of what is there is acked at once where it is settled, else once it is live', () => {
  const renumbered = placedOf(versionOf(9, '1.1.1.1:1', 'v1'));
  const known = move(settled, { kind: 'renumbered', placed: renumbered, clock });
  expect([kinds(known.before), kinds(known.after)]).toEqual([['switch'], ['save', 'ack']]);
  expect(known.state.place).toMatchObject({ kind: 'settled', disk: renumbered });
  const [good, other] = [one, two].map((disk) => {
    const from = after(initialState, { kind: 'resumed', disk, saved, isLive: false });
    const placed = placedOf(versionOf(9, '1.1.1.1:1', disk === one ? 'v1' : 'v2'));
    return move(from, { kind: 'renumbered', placed, clock });
  });
  expect([kinds(good?.before), kinds(good?.after)]).toEqual([['switch'], []]);
  expect(good && waitingOf(good.state)).toMatchObject({ purpose: 'resume', why: 'the agent started' });
  expect(other && waitingOf(other.state)).toMatchObject({ purpose: 'deliver' });
});

test('lines that were refused, and what was a mistake, outlive what is made of pods alone', () => {
  const proof = { kind: 'proven', how: undefined, clock } as const;
  const lines = { lines: 'x', reason: 'no', notBefore: 1, pauseMs: 1 };
  const noted = after(waiting, { kind: 'lines-refused', lines });
  expect(after(noted, proof)).toMatchObject({ refusedLines: undefined, refused: { kind: 'none' } });
  const withPods = { ...three, podsOf: identityOf(two.manifest) };
  const moved = after(parked, { kind: 'lines-refused', lines }, { ...switched, placed: withPods }, proof);
  expect(moved).toMatchObject({
    refusedLines: lines,
    pods: { of: { version: 2 } },
    refused: { kind: 'parked', lookAgain },
  });
  // Nobody asked for it, so nobody is told that it is refused, and nothing else is parked.
  const made = after(parked, { ...switched, placed: withPods });
  const refused = move(made, { ...refusal, failed: withPods, reason: 'other' });
  expect([kinds(refused.before), kinds(refused.after)]).toEqual([['save', 'switch'], []]);
  expect(refused.state).toMatchObject({ refused: { artifact: { version: 2 }, reason: 'no' } });
  expect(after(after(waiting, { kind: 'acquitted' }), proof).refused).toEqual({ kind: 'mistake' });
});

test('where there is no HAProxy to attach to, that is what is wrong, whatever HAProxy said before', () => {
  const failed = { kind: 'brought-nothing', words: 'w', problem: 'p', notBefore: 4, pauseMs: 3, unproven: 1 } as const;
  const gone = after(waiting, failed, { kind: 'put-off', notBefore: 9, since: undefined, problem: 'none' });
  expect(gone).toMatchObject({ problem: 'none', running: undefined });
  expect(after(waiting, failed, { kind: 'put-off', notBefore: 9, since: 8 })).toMatchObject({
    problem: 'p',
    running: { worker: 7 },
  });
});

test('only the offer that was taken is over', () => {
  const [held, newer] = [versionOf(1, '1.1.1.1:1'), versionOf(2, '1.1.1.1:1')];
  const offered = after(settled, { kind: 'offered', artifact: newer });
  expect(after(offered, { kind: 'taken', artifact: held }).next).toBe(newer);
  expect(after(offered, { kind: 'taken', artifact: newer }).next).toBeUndefined();
});
