import type { LoadedArtifact } from '@flotilla/artifact';
import { sameArtifact } from '@flotilla/domain';
import { placeArtifact } from '../store/placed-release.ts';
import { beforeReload } from './before-reload.ts';
import type { Context } from './context.ts';
import { type State, diskOf, liveOf, parkedOf, waitingOf } from './state.ts';

/** When it is looked again whether something is still in a version's way. */
export interface InTheWay {
  /** Of `performance.now()`. */
  readonly lookAt: number;
  readonly pauseMs: number;
}

const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

/** Of a version that something was found in the way of; the pause goes on growing from one such version to the next. */
export const inTheWayOf = (state: State): InTheWay =>
  parkedOf(state)?.lookAgain ?? { lookAt: performance.now() + firstPauseMs, pauseMs: firstPauseMs };

/**
 * A version that was refused for something in its way on this node: a port that is free again, an address that came to
 * the node. It is looked for with growing pauses, without a word while nothing changes, and the version is taken up
 * again when it is gone. One that HAProxy did not judge, because it was killed or did not answer each time, is taken up
 * when the pause of its lines is over; one that was refused by mistake, once something runs.
 */
export function createTakingUpAgain(context: Context, newest: () => LoadedArtifact | undefined) {
  const { store, log } = context;
  return {
    dueAt(): number {
      const { state } = context;
      if (waitingOf(state) || state.next) return Infinity;
      if (state.refused.kind === 'mistake') return liveOf(state) ? 0 : Infinity;
      return (state.running && parkedOf(state)?.lookAgain?.lookAt) ?? Infinity;
    },
    async run(): Promise<void> {
      const { state } = context;
      const artifact = newest();
      if (state.refused.kind === 'mistake') {
        context.move({ kind: 'unparked' });
        context.move({ kind: 'offered', artifact });
        return;
      }
      const parked = parkedOf(state);
      context.move({ kind: 'still-parked', lookAgain: undefined });
      if (!parked?.lookAgain || !artifact || !sameArtifact(parked.artifact, artifact.manifest)) return;
      const placed = placeArtifact(artifact, store.paths.current, diskOf(state)?.release.config);
      if ((await beforeReload(context, placed)) !== undefined) {
        const pauseMs = Math.min(longestPauseMs, 2 * parked.lookAgain.pauseMs);
        context.move({ kind: 'still-parked', lookAgain: { lookAt: performance.now() + pauseMs, pauseMs } });
        return;
      }
      const { version } = artifact.manifest;
      log.info({ version }, `nothing is in the way of version ${version} any more: it is taken up again`);
      context.move({ kind: 'unparked' });
      if (!context.state.next) context.move({ kind: 'offered', artifact });
    },
  };
}
