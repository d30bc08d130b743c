import { releaseName } from '../store/paths.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import { identityOf } from '../store/state-file.ts';
import { type Context, nack, saveState } from './context.ts';
import { withoutSecrets } from './inspect.ts';
import { sameRelease } from './standing.ts';
import type { StepClock } from './step-clock.ts';

export interface Refusal {
  /** Some of the version is in HAProxy already, so going back needs a reload. */
  readonly touched: boolean;
  readonly clock: StepClock;
}

/**
 * Parks a version and goes back to the one before it: first it is noted, so that a restart does not try it again, then
 * the files that were good come back, then the nack goes out. HAProxy's old worker serves all the while; only what the
 * version changed in it, or a HAProxy that is down, calls for a reload.
 */
export async function refuse(
  context: Context,
  failed: PlacedRelease,
  words: string,
  { touched, clock }: Refusal,
): Promise<void> {
  const { standing, store } = context;
  const reason = withoutSecrets(words, failed);
  standing.parked = { artifact: identityOf(failed.manifest), reason };
  if (!sameRelease(standing.disk, failed)) {
    // It never got to the disk; what is there goes on, with the reload it may still wait for.
    saveState(context);
    nack(context, failed.manifest, reason, clock);
    return;
  }
  const back = await lastGood(context, failed);
  if (sameRelease(standing.live, failed)) standing.live = undefined;
  saveState(context);
  if (back) store.switchTo(back.manifest);
  else store.switchToNothing();
  standing.disk = back;
  standing.waiting = undefined;
  standing.unchecked = back !== undefined && back.manifest.digest !== standing.good?.digest;
  const dirty = touched || !standing.running || !sameRelease(standing.live, back);
  if (back && dirty) {
    const why = `version ${failed.manifest.version} was refused`;
    standing.waiting = { purpose: 'restore', why, touched: true, notBefore: 0, clock };
  }
  nack(context, failed.manifest, reason, clock);
}

/** What HAProxy ran before, else what is remembered as good. */
async function lastGood({ standing, store }: Context, failed: PlacedRelease): Promise<PlacedRelease | undefined> {
  const { live, good } = standing;
  if (live && !sameRelease(live, failed)) return live;
  if (!good || good.digest === failed.manifest.digest) return undefined;
  return store.load(releaseName(good), failed.release.config);
}
