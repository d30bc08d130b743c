import type { LoadedArtifact } from '@flotilla/artifact';
import type { ApplyMethod, ArtifactIdentity, Manifest } from '@flotilla/domain';
import type { Running } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { AgentState, RefusedLines } from '../store/state-file.ts';
import type { State } from './state.ts';
import type { StepClock } from './step-clock.ts';
import type { InTheWay } from './taking-up-again.ts';

/** Where an event leads, and what follows from it. */
export interface Moved {
  readonly state: State;
  readonly before?: readonly Effect[];
  readonly after?: readonly Effect[];
}

export type Effect =
  /** Remember this over a restart. */
  | { readonly kind: 'save'; readonly state: AgentState }
  /** From now on a start of HAProxy reads this release, or nothing. */
  | { readonly kind: 'switch'; readonly to: Manifest | undefined }
  | { readonly kind: 'ack'; readonly placed: PlacedRelease; readonly how: ApplyMethod; readonly clock: StepClock }
  | {
      readonly kind: 'nack';
      readonly artifact: ArtifactIdentity;
      readonly reason: string;
      readonly clock: StepClock;
    };

export type Event =
  /** The agent started, and this is on its disk. */
  | {
      readonly kind: 'resumed';
      readonly disk: PlacedRelease | undefined;
      readonly saved: AgentState;
      /** HAProxy is brought there already, as far as can be known (mode `command`). */
      readonly isLive: boolean;
    }
  | { readonly kind: 'offered'; readonly artifact: LoadedArtifact | undefined }
  | { readonly kind: 'taken'; readonly artifact: LoadedArtifact }
  | { readonly kind: 'asked-for'; readonly artifact: ArtifactIdentity }
  /** It is parked, and offered again. */
  | { readonly kind: 'stays-parked'; readonly placed: PlacedRelease | undefined }
  /** It cannot be laid out on a node at all. */
  | {
      readonly kind: 'unplaceable';
      readonly artifact: ArtifactIdentity;
      readonly reason: string;
      readonly clock: StepClock;
    }
  /** A release is written, nothing is known against it, and HAProxy comes next. */
  | {
      readonly kind: 'switched';
      readonly placed: PlacedRelease;
      readonly isChecked: boolean;
      /** Why it needs a reload or start; undefined where HAProxy is told through its socket first. */
      readonly why: string | undefined;
      readonly clock: StepClock;
    }
  /** The same content under a new number, after a rollback and back or a new life of Redis. */
  | { readonly kind: 'renumbered'; readonly placed: PlacedRelease; readonly clock: StepClock }
  /** HAProxy runs something between two releases. */
  | { readonly kind: 'touched'; readonly why?: string }
  /** HAProxy is proven to run what is on the disk. Without `how` nobody is told: it was acked before. */
  | { readonly kind: 'proven'; readonly how: ApplyMethod | undefined; readonly clock: StepClock }
  | RefusedEvent
  | {
      readonly kind: 'put-off';
      readonly notBefore: number;
      readonly since: number | undefined;
      /** There is no HAProxy to be brought anywhere. */
      readonly problem?: string;
    }
  /** Neither proven nor refused; it is tried again. */
  | {
      readonly kind: 'brought-nothing';
      readonly words: string;
      readonly problem: string;
      readonly notBefore: number;
      readonly pauseMs: number;
      readonly unproven: number;
    }
  /** What came before it was refused while HAProxy was down, and this does not start either. */
  | { readonly kind: 'acquitted' }
  | { readonly kind: 'looked'; readonly running: Running | undefined; readonly problem?: string | undefined }
  | { readonly kind: 'drift-lasts'; readonly problem: string | undefined }
  /** HAProxy is to read its files again, unless it waits for that already. */
  | { readonly kind: 'restore'; readonly why: string }
  /** What kept HAProxy from its files may be gone. */
  | { readonly kind: 'hurry' }
  | { readonly kind: 'reload-asked'; readonly why: string }
  | { readonly kind: 'retry-asked' }
  /** It was looked whether a parked version could be taken up; without `lookAgain` it is left alone. */
  | { readonly kind: 'still-parked'; readonly lookAgain: InTheWay | undefined }
  | { readonly kind: 'unparked' }
  | { readonly kind: 'checked-late'; readonly placed: PlacedRelease }
  | { readonly kind: 'pods-taken'; readonly of?: ArtifactIdentity }
  | { readonly kind: 'lines-refused'; readonly lines: RefusedLines }
  | { readonly kind: 'cleared'; readonly what: State['cleared'] }
  | { readonly kind: 'edits-read' }
  | { readonly kind: 'failing'; readonly reason: string | undefined }
  | { readonly kind: 'unknown'; readonly reason: string | undefined };

export interface WayBack {
  readonly to: PlacedRelease;
  readonly hasItsPods: boolean;
  /** It passed `haproxy -c` just now. */
  readonly wasChecked: boolean;
}

export interface RefusedEvent {
  readonly kind: 'refused';
  readonly failed: PlacedRelease;
  /** Free of secrets. */
  readonly reason: string;
  /** What is gone back to: the release before it, with the pods of the refused one if it takes them. */
  readonly back?: WayBack | undefined;
  /** Some of it is in HAProxy already. */
  readonly touched: boolean;
  /** HAProxy was down: if what comes back does not start either, this one is not to blame. */
  readonly isDown: boolean;
  readonly lookAgain: InTheWay | undefined;
  readonly clock: StepClock;
}
