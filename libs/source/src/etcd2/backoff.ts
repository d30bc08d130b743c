const baseMs = 100;

/**
 * The pause before attempt number `attempt` (0: at once), doubling from 100 ms up to the cap.
 * Jitter takes off up to half, so that many watchers do not return in step; `random` is from 0 to below 1.
 */
export function backoffMs(attempt: number, maxMs: number, random: number): number {
  if (attempt <= 0) return 0;
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (1 - random / 2));
}
