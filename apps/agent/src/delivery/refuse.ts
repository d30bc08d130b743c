import { releaseName } from '../store/paths.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { withoutSecrets } from './inspect.ts';
import type { RefusedEvent } from './events.ts';
import { podsOnto } from './pods.ts';
import { diskOf, liveOf, sameRelease } from './state.ts';

export type Refusal = Pick<RefusedEvent, 'touched' | 'clock'> & Partial<Pick<RefusedEvent, 'lookAgain' | 'isDown'>>;

/**
 * Parks a version and goes back to the one before it. HAProxy's old worker serves all the while; only what the version
 * changed in it, or a HAProxy that is down, calls for a reload.
 */
export async function refuse(
  context: Context,
  failed: PlacedRelease,
  words: string,
  { touched, clock, lookAgain, isDown = false }: Refusal,
): Promise<void> {
  const reason = withoutSecrets(words, failed);
  const { podsOf } = failed;
  const back = sameRelease(diskOf(context.state), failed) ? await wayBack(context, failed) : undefined;
  context.move({ kind: 'refused', failed, reason, back, touched, isDown, lookAgain, clock });
  if (podsOf)
    context.log.warn({ version: podsOf.version, reason }, 'the pods of a refused version do not go into what runs');
}

/** What ran before, with the pods that came or left meanwhile: they are in HAProxy already, or serve no more. */
async function wayBack(context: Context, failed: PlacedRelease): Promise<RefusedEvent['back']> {
  const before = await lastGood(context, failed);
  const moved = before && !failed.podsOf ? await podsOnto(context, before, failed) : undefined;
  // Others read the files without looking whether they are whole.
  if (moved && context.haproxy.mode !== 'supervise') await context.store.flush();
  const to = moved ?? before;
  return to && { to, hasItsPods: moved !== undefined, wasChecked: moved !== undefined && moved !== before };
}

/** What HAProxy ran before, else what is remembered as good. */
async function lastGood({ state, store }: Context, failed: PlacedRelease): Promise<PlacedRelease | undefined> {
  const live = liveOf(state);
  const { good } = state;
  if (live && !sameRelease(live, failed)) return live;
  if (!good || good.digest === failed.manifest.digest) return undefined;
  return store.load(releaseName(good), failed.release.config);
}
