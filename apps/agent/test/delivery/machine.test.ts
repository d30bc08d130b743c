import { identityOf } from '@flotilla/domain';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Effect, Event, Moved } from '../../src/delivery/events.ts';
import { move } from '../../src/delivery/machine.ts';
import { type State, diskOf, initialState, liveOf, parkedOf, remembered, waitingOf } from '../../src/delivery/state.ts';
import { StepClock } from '../../src/delivery/step-clock.ts';
import { type PlacedRelease, withConfig } from '../../src/store/placed-release.ts';
import { type AgentState } from '../../src/store/state-file.ts';
import { runningWorker } from '../context.ts';
import { placedOf, versionOf } from '../node-of-values.ts';

type Move = (state: State, event: Event) => Moved;

const clock = new StepClock();
const digestsOf = ({ applied, lastGood, parked }: AgentState) =>
  [applied, lastGood, parked?.artifact].map((one) => one && `${one.version} ${one.digest}`);

/** Contents by letter, each of which may come under several numbers; `p` has the pods of a refused version. */
const letters = ['a', 'b', 'c'] as const;
const release = (letter: string, number: number): PlacedRelease => placedOf(versionOf(number, '1.1.1.1:1', letter));
const withPods = (base: PlacedRelease): PlacedRelease =>
  withConfig(base, `${base.release.config.text}\n# pods\n`, identityOf(release('refused', 99).manifest), '/n/current');

const plain = letters.flatMap((letter) => [1, 2, 3].map((number) => release(letter, number)));
const anyRelease = fc.constantFrom(...plain, ...plain.map(withPods));
const flag = fc.boolean();
const how = fc.constantFrom({ kind: 'none' } as const, { kind: 'start' } as const, undefined);
const lookAgain = fc.constantFrom(undefined, { lookAt: 1, pauseMs: 1 });
const anyRunning = flag.map((isUp) => (isUp ? runningWorker() : undefined));

const lines = { lines: 'x', reason: 'no', notBefore: 1, pauseMs: 1 };

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('asked-for' as const), artifact: anyRelease.map(({ manifest }) => manifest) }),
  fc.record({
    kind: fc.constant('switched' as const),
    placed: anyRelease,
    isChecked: flag,
    why: fc.constant('why'),
    clock: fc.constant(clock),
  }),
  fc.record({ kind: fc.constant('renumbered' as const), placed: anyRelease, clock: fc.constant(clock) }),
  fc.record({ kind: fc.constant('proven' as const), how, clock: fc.constant(clock) }),
  fc.record({
    kind: fc.constant('refused' as const),
    failed: anyRelease,
    reason: fc.constant('no'),
    back: fc.option(fc.record({ to: anyRelease, hasItsPods: flag, wasChecked: flag }), { nil: undefined }),
    touched: flag,
    isDown: flag,
    lookAgain,
    clock: fc.constant(clock),
  }),
  fc.record({
    kind: fc.constant('unplaceable' as const),
    artifact: anyRelease.map(({ manifest }) => manifest),
    reason: fc.constant('no'),
    clock: fc.constant(clock),
  }),
  fc.record({ kind: fc.constant('checked-late' as const), placed: anyRelease }),
  fc.record({ kind: fc.constant('stays-parked' as const), placed: fc.option(anyRelease, { nil: undefined }) }),
  fc.record({ kind: fc.constant('looked' as const), running: anyRunning, problem: fc.constantFrom(undefined, 'down') }),
  fc.record({ kind: fc.constant('still-parked' as const), lookAgain }),
  fc.constantFrom<Event>(
    { kind: 'touched' },
    { kind: 'put-off', notBefore: 1, since: 1 },
    { kind: 'brought-nothing', words: 'no', problem: 'no', notBefore: 1, pauseMs: 1, unproven: 1 },
    { kind: 'lines-refused', lines },
    { kind: 'acquitted' },
    { kind: 'restore', why: 'why' },
    { kind: 'hurry' },
    { kind: 'reload-asked', why: 'why' },
    { kind: 'retry-asked' },
    { kind: 'unparked' },
    { kind: 'pods-taken' },
    { kind: 'edits-read' },
    { kind: 'offered', artifact: versionOf(3, '1.1.1.1:1') },
  ),
);
const anyStart: fc.Arbitrary<Event> = fc.record({
  kind: fc.constant('resumed' as const),
  disk: fc.option(anyRelease, { nil: undefined }),
  saved: fc.record({
    applied: fc.constant(null),
    refusedLines: fc.constantFrom(null, lines),
    lastGood: fc.option(anyRelease.map(({ manifest }) => identityOf(manifest))),
    parked: fc.constant(null),
    worker: fc.constant(null),
  }),
  isLive: flag,
});

/** What procedures make sure of before they say that something happened. */
function mayHappen(state: State, event: Event): boolean {
  const disk = diskOf(state)?.manifest.digest;
  switch (event.kind) {
    case 'switched':
      return event.placed.manifest.digest !== disk;
    case 'renumbered':
      return event.placed.manifest.digest === disk;
    case 'refused':
      return event.back?.to.manifest.digest !== event.failed.manifest.digest;
    default:
      return true;
  }
}

/** What a node's disk and state file hold, and what it told. */
interface World {
  state: State;
  disk: string | undefined;
  saved: AgentState;
}

const named = (manifest: { version: number; digest: string } | undefined): string | undefined =>
  manifest && `${manifest.version} ${manifest.digest}`;

function step(world: World, event: Event, by: Move): void {
  const before = world.state;
  const { state, before: first = [], after = [] } = by(before, event);
  const effects: readonly Effect[] = [...first, ...after];
  for (const effect of effects) {
    if (effect.kind === 'save') world.saved = effect.state;
    if (effect.kind === 'switch') {
      world.disk = named(effect.to);
      // Who is killed here does not start what was refused.
      if (event.kind === 'refused' && !event.failed.podsOf)
        expect(world.saved.parked?.artifact.digest).toBe(event.failed.manifest.digest);
    }
    if (effect.kind === 'ack') {
      expect(state.place.kind).toBe('settled');
      expect(effect.placed).toBe(diskOf(state));
      expect(first).not.toContain(effect);
    }
    if (effect.kind === 'nack') {
      expect(parkedOf(state)?.artifact.digest).toBe(effect.artifact.digest);
      expect(first).not.toContain(effect);
    }
  }
  world.state = state;

  // The disk is what the node believes it to be, and what it would say after a restart is what it says now.
  expect(world.disk).toBe(named(diskOf(state)?.manifest));
  expect(digestsOf(world.saved)).toEqual(digestsOf(remembered(state)));
  // Lines that were refused are saved with the refusal that follows.
  if (event.kind !== 'lines-refused' && before.refusedLines !== state.refusedLines)
    expect(world.saved.refusedLines).toBe(state.refusedLines ?? null);
  if (event.kind === 'refused') expect(world.saved.refusedLines).toBe(state.refusedLines ?? null);
  if (event.kind === 'refused') {
    expect(diskOf(state)?.manifest.digest).not.toBe(event.failed.manifest.digest);
    if (named(diskOf(before)?.manifest) !== world.disk)
      expect(liveOf(state)?.manifest.digest).not.toBe(event.failed.manifest.digest);
  }
  // Only what passed its check is gone back to.
  if (state.good?.digest !== before.good?.digest) {
    const isProven =
      state.place.kind === 'settled' && state.place.isChecked && state.good?.digest === world.disk?.split(' ')[1];
    expect(event.kind === 'checked-late' || event.kind === 'resumed' || isProven).toBe(true);
  }
  // Whoever waits has a way on, and whoever does not runs what is on the disk.
  if (!waitingOf(state)) expect(liveOf(state)).toBe(diskOf(state));
  // What was refused stays refused until a person, a new version or what was in its way changes that.
  if (parkedOf(before) && !parkedOf(state))
    expect(['proven', 'renumbered', 'acquitted', 'retry-asked', 'unparked']).toContain(event.kind);
}

const property = (by: Move) =>
  fc.property(anyStart, fc.array(anyEvent, { minLength: 1, maxLength: 30 }), (start, events) => {
    const { disk, saved } = start as Extract<Event, { kind: 'resumed' }>;
    const world: World = { state: initialState, disk: named(disk?.manifest), saved };
    const isLive = (start as Extract<Event, { kind: 'resumed' }>).isLive;
    if (isLive && disk) world.saved = { ...saved, applied: disk.manifest };
    step(world, start, by);
    for (const event of events) if (mayHappen(world.state, event)) step(world, event, by);
  });

test('whatever happens, disk, memory and answers agree', () => {
  fc.assert(property(move), { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) });
});

/** Ways to break a promise; the property must find each. */
const faults: Record<string, Move> = {
  'a refusal is saved after the files went back': (state, event) => {
    const moved = move(state, event);
    return event.kind === 'refused' && moved.before ? { ...moved, before: [...moved.before].reverse() } : moved;
  },
  'a refusal is not saved': (state, event) => {
    const moved = move(state, event);
    return event.kind === 'refused'
      ? { ...moved, before: moved.before?.filter(({ kind }) => kind !== 'save') ?? [] }
      : moved;
  },
  'what is live is good, checked or not': (state, event) => {
    const moved = move(state, event);
    const { place } = moved.state;
    if (event.kind !== 'proven' || place.kind !== 'settled') return moved;
    const next = { ...moved.state, good: identityOf(place.disk.manifest) };
    return { state: next, after: [{ kind: 'save', state: remembered(next) }] };
  },
  'the disk is not switched': (state, event) => {
    const moved = move(state, event);
    return event.kind === 'switched' ? { state: moved.state } : moved;
  },
  'a look forgets what is parked': (state, event) => {
    const moved = move(state, event);
    return event.kind === 'looked' ? { ...moved, state: { ...moved.state, refused: { kind: 'none' } } } : moved;
  },
  'lines that were refused are not saved': (state, event) => {
    const moved = move(state, event);
    const save: Effect = { kind: 'save', state: { ...remembered(moved.state), refusedLines: null } };
    return event.kind === 'refused'
      ? { ...moved, before: [save, ...(moved.before ?? []).filter(({ kind }) => kind !== 'save')] }
      : moved;
  },
  'it is acked before it is proven': (state, event) => {
    const moved = move(state, event);
    if (event.kind !== 'switched') return moved;
    return { ...moved, after: [{ kind: 'ack', placed: event.placed, how: { kind: 'none' }, clock }] };
  },
};

test.each(Object.entries(faults))('the property finds out when %s', (_, faulty) => {
  expect(fc.check(property(faulty), { numRuns: 2_000, seed: 1 }).failed).toBe(true);
});
