import { ArtifactError } from './artifact-error.ts';

/**
 * The value, or an `ArtifactError` (`redis-timeout`) after `deadlineMs`; rejects at once when the signal is aborted.
 * What was asked goes on in the background: its late answer is ignored.
 */
export function within<T>(asked: Promise<T>, what: string, deadlineMs: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      end();
    };
    const aborted = (): void => {
      settle(() => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      });
    };
    const timer = setTimeout(() => {
      settle(() => {
        reject(new ArtifactError('redis-timeout', `Redis did not answer within ${deadlineMs} ms: ${what}`));
      });
    }, deadlineMs);
    asked.then(
      (value) => {
        settle(() => {
          resolve(value);
        });
      },
      (error: unknown) => {
        settle(() => {
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      },
    );
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
  });
}
