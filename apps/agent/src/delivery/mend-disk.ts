import type { Mended } from '../store/damage.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { ownConfigOf } from './own-config-of.ts';

/**
 * Puts back what a person changed of the release on the disk; whether there was anything.
 * Throws when something cannot be put back: what HAProxy says of such files is no verdict on a version.
 */
export const mendDisk = async (context: Context, disk: PlacedRelease): Promise<boolean> =>
  orThrow(await repairDisk(context, disk));

/** The same of the files that a release shares with others, whatever is on the disk by now. */
export async function mendTrees(context: Context, placed: PlacedRelease): Promise<boolean> {
  return placed.inMemory && orThrow(tell(context, await context.store.mendTrees(placed)));
}

/** As `mendDisk`; gives what could not be put back. */
export async function repairDisk(context: Context, disk: PlacedRelease): Promise<Repair> {
  if (!disk.inMemory) return { isMended: false };
  return tell(context, await context.store.mend(disk, ownConfigOf(context, disk)));
}

export interface Repair {
  readonly isMended: boolean;
  readonly failed?: Error | undefined;
}

function tell({ metrics, log }: Context, { mended, failed }: Mended): Repair {
  if (mended.length > 0) {
    metrics.mended(mended.length);
    const more = mended.length > 1 ? ` (and ${mended.length - 1} more)` : '';
    log.error({ count: mended.length, first: mended[0] }, `mended on the disk: ${mended[0]}${more}`);
  }
  return { isMended: mended.length > 0, failed };
}

function orThrow({ isMended, failed }: Repair): boolean {
  if (failed) throw failed;
  return isMended;
}
