import { FlotillaError } from '@flotilla/domain';

/** Thrown when something took longer than it may. */
export class DeadlineError extends FlotillaError {
  constructor(what: string, ms: number) {
    super('deadline', `${what} took longer than ${ms} ms`, { data: { what, ms } });
  }
}

/** The promise's result, or a `DeadlineError` after `ms`, or the abort reason. The work itself is not stopped. */
export function withDeadline<T>(work: Promise<T>, ms: number, what: string, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const aborted = () => {
      reject(signal?.reason instanceof Error ? signal.reason : new Error(`${what} was aborted`));
    };
    const timer = setTimeout(() => {
      reject(new DeadlineError(what, ms));
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
    if (signal?.aborted) aborted();
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    });
  });
}

/** Waits, or returns early when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
