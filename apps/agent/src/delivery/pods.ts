import { withServersOf } from '@flotilla/haproxy';
import { reasonOf, identityOf } from '@flotilla/domain';
import { type PlacedRelease, withConfig } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { checkRelease } from './inspect.ts';
import { ownConfigOf } from './own-config-of.ts';

/**
 * The release that runs, with the pods of a version whose configuration is refused, written and checked: pods move on,
 * whatever is refused. The release itself when it has these pods; undefined when HAProxy does not take it so.
 */
export async function podsOnto(
  context: Context,
  base: PlacedRelease,
  refused: PlacedRelease,
): Promise<PlacedRelease | undefined> {
  const { store, log, signal } = context;
  const text = withServersOf(base.release.config, refused.release.config);
  if (text === base.release.config.text) return base;
  const moved = withConfig(base, text, identityOf(refused.manifest), store.paths.current);
  const version = refused.manifest.version;
  try {
    const own = ownConfigOf(context, moved);
    const words = await checkRelease(context, moved, own);
    if (words === undefined) {
      await store.write(moved, own, base.manifest);
      return moved;
    }
    // Its pods may be what is refused; the words are in the nack already.
    log.warn({ version, onto: base.manifest.version }, 'the pods of a refused version do not go into what runs');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ version, reason: reasonOf(error) }, 'the pods of a refused version could not be brought to what runs');
  }
  return undefined;
}
