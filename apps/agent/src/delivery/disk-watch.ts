import type { Context } from './context.ts';
import { repairDisk } from './mend-disk.ts';
import { diskOf } from './state.ts';

/**
 * Looks at the release on the disk every few seconds: what a person edited, removed or added is mended from memory
 * before HAProxy reads it, and HAProxy is reloaded when it may have read it already. A HAProxy that died does not read it
 * before.
 */
export function createDiskWatch(context: Context) {
  const { haproxy, log } = context;
  /** The worker that was there when the disk was found whole, so that it read nothing else. */
  let cleanWorker: number | undefined;
  haproxy.beforeRestart(async () => {
    const disk = diskOf(context.state);
    const { failed } = disk ? await repairDisk(context, disk) : {};
    if (failed) log.error({ reason: failed.message }, 'HAProxy starts again from files that are not as they should be');
  });
  return {
    /** A release that was read from an edited disk has nothing to be compared with until it is pulled again. */
    isDue: (): boolean => diskOf(context.state)?.inMemory === true,
    async look(): Promise<void> {
      const disk = diskOf(context.state);
      if (!disk) return;
      const { isMended, failed } = await repairDisk(context, disk);
      const { running, readEdited } = context.state;
      const wasRead = readEdited || (isMended && running?.worker !== cleanWorker);
      context.move({ kind: 'edits-read' });
      if (!failed) cleanWorker = running?.worker;
      // Whatever could not be brought about may have been due to it.
      if (isMended) context.move({ kind: 'hurry' });
      if (wasRead && haproxy.mode !== 'command')
        context.move({ kind: 'restore', why: 'files were changed by hand, and haproxy may have read them' });
      if (failed) throw failed;
    },
  };
}
