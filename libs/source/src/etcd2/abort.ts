import { setMaxListeners } from 'node:events';

/**
 * A controller that is aborted along with its parent, and leaves no trace on the parent once it is over
 * (`AbortSignal.any` keeps one until the garbage collector comes by, and parents here live for weeks).
 */
export interface AbortScope {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Aborts what is left and lets go of the parents. */
  end(): void;
}

export function abortScope(...parents: readonly AbortSignal[]): AbortScope {
  const controller = new AbortController();
  // One watcher follows as many subtrees as it has fleets.
  setMaxListeners(0, controller.signal);
  const follow = parents.map((parent) => {
    const abort = (): void => {
      controller.abort(parent.reason);
    };
    if (parent.aborted) abort();
    else parent.addEventListener('abort', abort, { once: true });
    return () => {
      parent.removeEventListener('abort', abort);
    };
  });
  return {
    signal: controller.signal,
    abort: (reason) => {
      controller.abort(reason);
    },
    end: () => {
      for (const leave of follow) leave();
      controller.abort();
    },
  };
}

/** Rejects with the signal's reason as soon as it is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
