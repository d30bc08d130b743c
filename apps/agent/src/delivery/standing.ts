import type { ArtifactIdentity } from '@flotilla/domain';
import type { HeldArtifact } from '@flotilla/artifact';
import type { Running } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { AgentState } from '../store/state-file.ts';
import type { StepClock } from './step-clock.ts';

/**
 * Where this node stands. `disk` is what a start of HAProxy would read, `live` what it was proven to run; they differ
 * only while a start or reload is waited for (`waiting`) or HAProxy is down.
 */
export interface Standing {
  /** The newest version that was asked for. */
  desired: ArtifactIdentity | null;
  /** The newest version that was offered and not looked at yet. */
  next: HeldArtifact | undefined;
  disk: PlacedRelease | undefined;
  live: PlacedRelease | undefined;
  /** The worker that was last proven to run something, and what. */
  proven: AgentState['worker'];
  /** The last version that was live and passed `haproxy -c`: what is gone back to. */
  good: ArtifactIdentity | null;
  parked: AgentState['parked'];
  waiting: Waiting | undefined;
  /** As of the last look. */
  running: Running | undefined;
  /** `live` went into traffic without `haproxy -c`; it is checked when there is time. */
  unchecked: boolean;
  /** What is wrong with HAProxy, for `/readyz`; undefined when nothing is. */
  problem: string | undefined;
  /** What the agent itself fails to do, and tries again. */
  failing: string | undefined;
  /** Why the newest version is not known although Redis answers. */
  unknown: string | undefined;
}

/** HAProxy has to be started or reloaded before `disk` is live. */
export interface Waiting {
  /**
   * - `deliver`: `disk` is a new version. It is acked when it is live; when HAProxy refuses it, it is parked.
   * - `resume`: the agent started, and `disk` ran well before. A failure is the node's, and it is tried again.
   * - `restore`: the same after a refusal or drift; nobody is told, because it was acked when it first went live.
   */
  readonly purpose: 'deliver' | 'resume' | 'restore';
  /** The line that forces it, or what happened. */
  readonly why: string;
  /** HAProxy runs something between two releases, so only a new worker will do. */
  readonly touched: boolean;
  /** Not before this time (of `performance.now()`). */
  readonly notBefore: number;
  /** The pause before the last retry, ms. */
  readonly pauseMs?: number;
  /** How often it was tried without an outcome that says something about the version. */
  readonly unproven?: number;
  readonly clock: StepClock;
}

export const newStanding = (): Standing => ({
  desired: null,
  next: undefined,
  disk: undefined,
  live: undefined,
  proven: null,
  good: null,
  parked: null,
  waiting: undefined,
  running: undefined,
  unchecked: false,
  problem: undefined,
  failing: undefined,
  unknown: undefined,
});

export const sameRelease = (a: PlacedRelease | undefined, b: PlacedRelease | undefined): boolean =>
  a?.manifest.digest === b?.manifest.digest;
