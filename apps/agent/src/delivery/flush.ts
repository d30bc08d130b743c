import { reasonOf } from '@flotilla/domain';
import type { Context } from './context.ts';

const retryMs = 1_000;
/** Versions that follow each other are flushed together, and the first of them is in traffic before. */
const gatherMs = 200;

/** Puts releases and state on the disk beside the deliveries: a slow disk holds up none of them. */
export function createFlush({ store, log }: Context, wake: () => void) {
  let isRunning = false;
  let notBefore = 0;
  return {
    dueAt: (): number =>
      isRunning || store.unflushedSince === undefined ? Infinity : Math.max(notBefore, store.unflushedSince + gatherMs),
    run: (): Promise<void> => {
      isRunning = true;
      store
        .flush()
        .catch((error: unknown) => {
          notBefore = performance.now() + retryMs;
          log.error({ reason: reasonOf(error) }, 'a release could not be put on the disk; trying again');
        })
        .finally(() => {
          isRunning = false;
          wake();
        });
      return Promise.resolve();
    },
  };
}
