import { reasonOf } from '@flotilla/domain';
import type { Context } from './context.ts';

const retryMs = 1_000;

/** Puts releases and state on the disk beside the deliveries: a slow disk holds up none of them. */
export function createFlush({ store, log }: Context, wake: () => void) {
  let isRunning = false;
  let notBefore = 0;
  return {
    dueAt: (): number => (isRunning || store.isFlushed ? Infinity : notBefore),
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
