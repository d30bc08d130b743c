import { setTimeout as sleep } from 'node:timers/promises';

/** Waits; an aborted signal ends the wait early, without an error. */
export const pause = (durationMs: number, signal: AbortSignal): Promise<void> =>
  sleep(durationMs, undefined, { signal }).catch(() => undefined);
