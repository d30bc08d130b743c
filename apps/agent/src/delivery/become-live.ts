import { sameArtifact } from '@flotilla/domain';
import type { PlacedRelease } from '../store/placed-release.ts';
import { identityOf } from '../store/state-file.ts';
import { type Context, saveState } from './context.ts';

/** Notes that a release is proven to run. What is parked stays so until another version that was asked for is live. */
export function becomeLive(context: Context, placed: PlacedRelease): void {
  const { standing } = context;
  const { running, desired } = standing;
  standing.live = placed;
  standing.waiting = undefined;
  standing.problem = undefined;
  standing.proven = running
    ? { pid: running.worker, started: running.release ?? null, runs: placed.manifest.digest }
    : null;
  if (desired && sameArtifact(desired, placed.manifest)) standing.parked = null;
  if (!standing.unchecked) standing.good = identityOf(placed.manifest);
  saveState(context);
}
