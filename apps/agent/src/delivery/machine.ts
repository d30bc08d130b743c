import { sameArtifact, identityOf } from '@flotilla/domain';
import type { Effect, Event, Moved, RefusedEvent } from './events.ts';
import {
  type Place,
  type State,
  type Waiting,
  diskOf,
  liveOf,
  parkedOf,
  remembered,
  sameRelease,
  waitingOf,
} from './state.ts';
import { StepClock } from './step-clock.ts';

/**
 * The node as a machine. Long work (writing, checking, reloading, asking HAProxy) is done by procedures; what came of it
 * is an event, and what follows from that is decided here and nowhere else:
 *
 *              resumed: it is on the disk · switched: a new version
 *     empty ──────────────────────────────────────────────────▶ waiting ◀──┐ put-off · brought-nothing:
 *       ▲                                                        │    ▲    │ tried again, for ever
 *       │                                                 proven │    │  ──┘
 *       │ refused, and there is                                  ▼    │ switched · restore · reload-asked ·
 *       │ nothing to go back to                                settled   refused, and HAProxy has to read
 *       └─────────────────────────────────────────────────────────┘      what is gone back to
 *
 * - `switched`: `current` leads to a version before HAProxy hears of it.
 * - `proven`: HAProxy was seen to run what is on the disk. It is remembered, then acked.
 * - `refused`: the version is remembered as parked, then the files go back, then it is nacked. Where HAProxy never left
 *   what is gone back to, the node is settled at once.
 *
 * Effects come as values. Those in `before` must succeed for the node to move at all, those in `after` are the
 * consequences of having moved.
 */
export function move(state: State, event: Event): Moved {
  switch (event.kind) {
    case 'resumed':
      return { state: resumed(state, event) };
    case 'offered':
      return { state: { ...state, next: event.artifact } };
    case 'taken':
      return { state: state.next === event.artifact ? { ...state, next: undefined } : state };
    case 'asked-for':
      return { state: { ...state, desired: identityOf(event.artifact) } };
    case 'stays-parked':
      return { state: { ...state, pods: { ...state.pods, wanted: event.placed } } };
    case 'unplaceable': {
      const { artifact, reason, clock } = event;
      const next: State = { ...state, refused: { kind: 'parked', artifact: identityOf(artifact), reason } };
      return { state: next, before: [save(next)], after: [{ kind: 'nack', artifact, reason, clock }] };
    }
    case 'switched':
      return { state: switched(state, event), before: [{ kind: 'switch', to: event.placed.manifest }] };
    case 'renumbered':
      return renumbered(state, event);
    case 'touched':
      return { state: whileWaiting(state, ({ why }) => ({ touched: true, why: event.why ?? why })) };
    case 'proven':
      return proven(state, event);
    case 'refused':
      return refused(state, event);
    case 'put-off': {
      const { notBefore, since, problem } = event;
      const waiting = whileWaiting(state, () => ({ notBefore, putOffSince: since }));
      return { state: problem === undefined ? waiting : { ...waiting, running: undefined, problem } };
    }
    case 'brought-nothing': {
      const { words, problem, notBefore, pauseMs, unproven } = event;
      const waiting = whileWaiting(state, () => ({ touched: true, notBefore, pauseMs, unproven, words }));
      return { state: { ...waiting, problem } };
    }
    case 'acquitted': {
      const next: State = { ...state, refused: { kind: 'mistake' }, refusedLines: undefined };
      return { state: next, before: [save(next)] };
    }
    case 'looked':
      return { state: looked(state, event) };
    case 'drift-lasts':
      return { state: { ...state, problem: event.problem } };
    case 'restore':
      return { state: waitingOf(state) ? state : restoring(state, event.why, {}) };
    case 'hurry':
      return { state: whileWaiting(state, () => ({ notBefore: 0, pauseMs: 0 })) };
    case 'reload-asked': {
      const asked = { touched: true, isAsked: true, notBefore: 0 };
      return { state: waitingOf(state) ? whileWaiting(state, () => asked) : restoring(state, event.why, asked) };
    }
    case 'retry-asked': {
      const next = { ...whileWaiting(state, () => ({ notBefore: 0, pauseMs: 0 })), refusedLines: undefined };
      return parkedOf(state) ? unparked(next) : { state: next, after: [save(next)] };
    }
    case 'still-parked': {
      const parked = parkedOf(state);
      return { state: parked ? { ...state, refused: { ...parked, lookAgain: event.lookAgain } } : state };
    }
    case 'unparked':
      return unparked(state);
    case 'checked-late': {
      const { place } = state;
      const isOnDisk = place.kind !== 'empty' && sameRelease(place.disk, event.placed);
      const good = identityOf(event.placed.manifest);
      const next: State = { ...state, good, place: isOnDisk ? { ...place, isChecked: true } : place };
      return { state: next, after: [save(next)] };
    }
    case 'pods-taken':
      return { state: { ...state, pods: { wanted: undefined, of: event.of ?? state.pods.of } } };
    case 'lines-refused':
      // The refusal that follows has them saved.
      return { state: { ...state, refusedLines: event.lines } };
    case 'cleared':
      return { state: { ...state, cleared: event.what } };
    case 'edits-read':
      return { state: { ...state, readEdited: false } };
    case 'failing':
      return { state: { ...state, failing: event.reason } };
    case 'unknown':
      return { state: { ...state, unknown: event.reason } };
  }
}

const save = (state: State): Effect => ({ kind: 'save', state: remembered(state) });

function whileWaiting(state: State, change: (waiting: Waiting) => Partial<Waiting>): State {
  const { place } = state;
  if (place.kind !== 'waiting') return state;
  return { ...state, place: { ...place, waiting: { ...place.waiting, ...change(place.waiting) } } };
}

function resumed(state: State, { disk, saved, isLive }: Extract<Event, { kind: 'resumed' }>): State {
  const { lastGood: good, parked, refusedLines, worker: proven } = saved;
  const known: State = {
    ...state,
    good,
    proven,
    refusedLines: refusedLines ?? undefined,
    refused: parked ? { kind: 'parked', ...parked } : { kind: 'none' },
  };
  if (!disk) return known;
  const isChecked = good?.digest === disk.manifest.digest;
  const waiting: Waiting = {
    purpose: isChecked ? 'resume' : 'deliver',
    why: 'the agent started',
    touched: false,
    notBefore: 0,
    clock: new StepClock(),
  };
  const place: Place = isLive
    ? { kind: 'settled', disk, isChecked }
    : { kind: 'waiting', disk, isChecked, live: undefined, waiting };
  return { ...known, place, readEdited: !disk.inMemory };
}

function switched(state: State, { placed, isChecked, why, clock }: Extract<Event, { kind: 'switched' }>): State {
  const earlier = waitingOf(state);
  const waiting: Waiting = {
    purpose: 'deliver',
    why: earlier?.purpose === 'deliver' ? earlier.why : why,
    touched: earlier?.touched ?? false,
    putOffSince: earlier?.putOffSince,
    isAsked: earlier?.isAsked,
    notBefore: 0,
    clock,
  };
  return { ...state, place: { kind: 'waiting', disk: placed, isChecked, live: liveOf(state), waiting } };
}

function renumbered(state: State, { placed, clock }: Extract<Event, { kind: 'renumbered' }>): Moved {
  const { place, good } = state;
  if (place.kind === 'empty') return { state };
  const before: Effect[] = [{ kind: 'switch', to: placed.manifest }];
  if (place.kind === 'settled') {
    const next: State = { ...state, place: { ...place, disk: placed } };
    return { ...proven(next, { kind: 'proven', how: { kind: 'none' }, clock }), before };
  }
  // It is acked when it is live. That may have been tried before, and broken off by an error of this node.
  const purpose = good?.digest === placed.manifest.digest ? 'resume' : 'deliver';
  const next = whileWaiting({ ...state, place: { ...place, disk: placed } }, () => ({ purpose, clock }));
  return { state: next, before };
}

/** What is parked stays so until another version that was asked for is live. */
function proven(state: State, { how, clock }: Extract<Event, { kind: 'proven' }>): Moved {
  const { place, running, desired } = state;
  if (place.kind === 'empty') return { state };
  const { disk, isChecked } = place;
  const { podsOf, manifest } = disk;
  const parked = parkedOf(state);
  // That HAProxy takes what it ran before says nothing of what it refused since.
  const isNews = !podsOf && (waitingOf(state)?.purpose ?? 'deliver') === 'deliver';
  const isAskedFor = desired !== null && sameArtifact(desired, manifest);
  const kept = parked && !podsOf ? { ...parked, lookAgain: undefined } : state.refused;
  const next: State = {
    ...state,
    place: { kind: 'settled', disk, isChecked },
    problem: undefined,
    proven: running ? { pid: running.worker, started: running.release ?? null, runs: manifest.digest } : null,
    pods: { ...state.pods, of: podsOf },
    refusedLines: isNews ? undefined : state.refusedLines,
    refused: parked && isAskedFor ? { kind: 'none' } : kept,
    good: isChecked ? identityOf(manifest) : state.good,
  };
  return { state: next, after: [save(next), ...(how ? [{ kind: 'ack', placed: disk, how, clock } as const] : [])] };
}

function refused(state: State, event: RefusedEvent): Moved {
  const { failed, reason, back, lookAgain, clock } = event;
  const { podsOf, manifest } = failed;
  // What was made on this node is no version to be parked: the one whose pods it has is, already.
  const parked: State = podsOf
    ? state
    : { ...state, refused: { kind: 'parked', artifact: identityOf(manifest), reason, lookAgain } };
  const after: Effect[] = podsOf ? [] : [{ kind: 'nack', artifact: manifest, reason, clock }];
  if (!sameRelease(diskOf(state), failed)) {
    // It never got to the disk; what is there goes on, with the reload it may still wait for.
    const pods = podsOf ? state.pods : { ...state.pods, wanted: failed };
    const next: State = { ...parked, pods };
    return { state: next, before: [save(next)], after };
  }
  const next: State = { ...parked, ...wentBack(state, event) };
  return { state: next, before: [save(next), { kind: 'switch', to: back?.to.manifest }], after };
}

function wentBack(state: State, { failed, back, touched, isDown, clock }: RefusedEvent): Pick<State, 'place' | 'pods'> {
  const { pods, good, running } = state;
  if (!back) return { place: { kind: 'empty' }, pods };
  const { to: disk, hasItsPods, wasChecked } = back;
  const live = sameRelease(liveOf(state), failed) ? undefined : liveOf(state);
  const isChecked = wasChecked || disk.manifest.digest === good?.digest;
  if (!touched && running && sameRelease(live, disk)) {
    const of = hasItsPods ? identityOf(failed.manifest) : pods.of;
    return { place: { kind: 'settled', disk, isChecked }, pods: { ...pods, of } };
  }
  const why = `version ${failed.manifest.version} was refused`;
  const waiting: Waiting = { purpose: 'restore', why, touched: true, notBefore: 0, clock, acquits: isDown };
  return { place: { kind: 'waiting', disk, isChecked, live, waiting }, pods };
}

function unparked(state: State): Moved {
  const next: State = { ...state, refused: { kind: 'none' } };
  return { state: next, before: [save(next)] };
}

function looked(state: State, { running, problem }: Extract<Event, { kind: 'looked' }>): State {
  const waiting = waitingOf(state);
  // What HAProxy said when it was to be brought to its files says more than that it is down, and stays when it answers.
  if (waiting?.words !== undefined) return { ...state, running };
  if (problem !== undefined) return { ...state, running, problem };
  return { ...state, running, problem: waiting ? undefined : state.problem };
}

function restoring(state: State, why: string, more: Partial<Waiting>): State {
  const { place } = state;
  if (place.kind === 'empty') return state;
  const { disk, isChecked } = place;
  const waiting: Waiting = { purpose: 'restore', why, touched: true, notBefore: 0, clock: new StepClock(), ...more };
  return { ...state, place: { kind: 'waiting', disk, isChecked, live: liveOf(state), waiting } };
}
