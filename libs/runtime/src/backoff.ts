import { pause } from './deadline.ts';

/**
 * The pause before attempt number `attempt` (0: at once), doubling from `firstMs` up to `maxMs`. Jitter takes off up to
 * half, so that many processes do not return in step; `random` is from 0 to below 1.
 */
export function backoffMs(
  attempt: number,
  { firstMs = 100, maxMs }: { readonly firstMs?: number; readonly maxMs: number },
  random = Math.random(),
): number {
  if (attempt <= 0) return 0;
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole * (1 - random / 2));
}

/** Counts the attempts; `reset` after a success. */
export class Backoff {
  #attempt = 0;
  constructor(
    readonly firstMs: number,
    readonly maxMs: number,
  ) {}

  nextMs(): number {
    return backoffMs(++this.#attempt, this);
  }

  wait(signal?: AbortSignal): Promise<void> {
    return pause(this.nextMs(), signal);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
