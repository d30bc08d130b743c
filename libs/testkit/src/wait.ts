import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for; it becomes part of the error. */
  what: string;
  /** Default 10,000 ms. */
  deadlineMs?: number;
  /** Pause between two looks, default 20 ms. */
  everyMs?: number;
}

type Falsy = false | null | undefined | 0 | '';

/**
 * Looks until the condition gives something truthy and returns that. A condition that throws counts as "not yet".
 * After the deadline it throws an error that says what was waited for, and what the last look gave.
 */
export async function waitFor<T>(
  condition: () => T | Falsy | Promise<T | Falsy>,
  { what, deadlineMs = 10_000, everyMs = 20 }: WaitOptions,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) {
      const seen =
        last instanceof Error ? `the last attempt failed: ${last.message}` : `the last look gave ${show(last)}`;
      throw new Error(`waited ${deadlineMs} ms for ${what}; ${seen}`, last instanceof Error ? { cause: last } : {});
    }
    await sleep(everyMs);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
