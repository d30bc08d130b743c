import type { LoadedArtifact } from '@flotilla/artifact';
import { type ArtifactIdentity, identityOf } from '@flotilla/domain';
import type { Running } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { AgentState, ProvenWorker, RefusedLines } from '../store/state-file.ts';
import type { StepClock } from './step-clock.ts';
import type { InTheWay } from './taking-up-again.ts';

/**
 * Where a node stands, as a value. Only `move` (machine.ts) makes another one of it.
 */
export interface State {
  readonly place: Place;
  readonly refused: Refused;
  /** The newest version that was asked for. */
  readonly desired: ArtifactIdentity | null;
  /** The newest version that was offered and not looked at yet. */
  readonly next: LoadedArtifact | undefined;
  /** The last version that was live and passed `haproxy -c`: what is gone back to. */
  readonly good: ArtifactIdentity | null;
  /** The worker that was last proven to run something, and what. */
  readonly proven: ProvenWorker | null;
  /** HAProxy as of the last look; undefined while it is down. */
  readonly running: Running | undefined;
  readonly pods: Pods;
  /** What a reload was refused for, whichever version it was. */
  readonly refusedLines: RefusedLines | undefined;
  /** The release that nothing was in the way of when it was looked before a reload, and when (`performance.now()`). */
  readonly cleared: { readonly digest: string; readonly at: number } | undefined;
  /** The agent started with files on the disk that are not what their digests say. */
  readonly readEdited: boolean;
  /** What is wrong with HAProxy, for `/readyz`; undefined when nothing is. */
  readonly problem: string | undefined;
  /** What the agent itself fails to do, and tries again. */
  readonly failing: string | undefined;
  /** Why the newest version is not known although Redis answers. */
  readonly unknown: string | undefined;
}

/** What a start of HAProxy would read, and what HAProxy was proven to run. */
export type Place =
  /** Nothing ran well on this node yet, so there is nothing for HAProxy to read. */
  | { readonly kind: 'empty' }
  /** HAProxy runs what is on the disk; one that is down is started from there by whoever looks after it. */
  | { readonly kind: 'settled'; readonly disk: PlacedRelease; readonly isChecked: boolean }
  /** It has to be brought there. `live` is what it was proven to run before, if it was. */
  | {
      readonly kind: 'waiting';
      readonly disk: PlacedRelease;
      /** It passed `haproxy -c`, or goes into traffic without and is checked when there is time. */
      readonly isChecked: boolean;
      readonly live: PlacedRelease | undefined;
      readonly waiting: Waiting;
    };

/** How HAProxy is to be brought to what is on the disk. */
export interface Waiting {
  /**
   * - `deliver`: `disk` is a new version. It is acked when it is live; when HAProxy refuses it, it is parked.
   * - `resume`: `disk` ran well before, and its answer is still due: the agent started, or it has a new number. A
   *   failure is the node's, and it is tried again.
   * - `restore`: the same after a refusal or drift; nobody is told, because it was acked when it first went live.
   */
  readonly purpose: 'deliver' | 'resume' | 'restore';
  /** The line that forces it, or what happened; undefined while HAProxy is told through its socket. */
  readonly why: string | undefined;
  /** HAProxy runs something between two releases, so only a new worker will do. */
  readonly touched: boolean;
  /** Not before this time (of `performance.now()`). */
  readonly notBefore: number;
  /** The pause before the last retry, ms. */
  readonly pauseMs?: number;
  /** What HAProxy said at the last try. */
  readonly words?: string;
  /** HAProxy was down when the version before it was refused: if this one does not start either, that one is not to blame. */
  readonly acquits?: boolean;
  /** How often it was tried without an outcome that says something about the version. */
  readonly unproven?: number;
  /** Since when old workers put it off (of `performance.now()`). */
  readonly putOffSince?: number | undefined;
  /** An operator asked for it: nothing puts it off. */
  readonly isAsked?: boolean | undefined;
  readonly clock: StepClock;
}

/** What became of the newest version that is not live. */
export type Refused =
  | { readonly kind: 'none' }
  /** It is not tried again before another version was; with `lookAgain`, what was in its way on this node may pass. */
  | {
      readonly kind: 'parked';
      readonly artifact: ArtifactIdentity;
      readonly reason: string;
      readonly lookAgain?: InTheWay | undefined;
    }
  /** It was refused by mistake: it is taken up again once something runs. */
  | { readonly kind: 'mistake' };

/** Pods come and go while a configuration is refused. */
export interface Pods {
  /** The last version that was refused: its pods are to be brought to what runs. */
  readonly wanted: PlacedRelease | undefined;
  /** The version whose pods `live` has, when that is a refused one. */
  readonly of: ArtifactIdentity | undefined;
}

export const initialState: State = {
  place: { kind: 'empty' },
  refused: { kind: 'none' },
  desired: null,
  next: undefined,
  good: null,
  proven: null,
  running: undefined,
  pods: { wanted: undefined, of: undefined },
  refusedLines: undefined,
  cleared: undefined,
  readEdited: false,
  problem: undefined,
  failing: undefined,
  unknown: undefined,
};

/** What a start of HAProxy would read. */
export const diskOf = ({ place }: State): PlacedRelease | undefined =>
  place.kind === 'empty' ? undefined : place.disk;

/** What HAProxy was proven to run. */
export function liveOf({ place }: State): PlacedRelease | undefined {
  if (place.kind === 'empty') return undefined;
  return place.kind === 'settled' ? place.disk : place.live;
}

export const waitingOf = ({ place }: State): Waiting | undefined =>
  place.kind === 'waiting' ? place.waiting : undefined;

export const parkedOf = ({ refused }: State): Extract<Refused, { kind: 'parked' }> | undefined =>
  refused.kind === 'parked' ? refused : undefined;

/** What is remembered over a restart of the agent. */
export function remembered(state: State): AgentState {
  const parked = parkedOf(state);
  const { good, proven, refusedLines = null } = state;
  return {
    applied: liveOf(state)?.manifest ?? null,
    lastGood: good,
    parked: parked ? { artifact: identityOf(parked.artifact), reason: parked.reason } : null,
    refusedLines,
    worker: proven,
  };
}

export const sameRelease = (a: PlacedRelease | undefined, b: PlacedRelease | undefined): boolean =>
  a?.manifest.digest === b?.manifest.digest;
