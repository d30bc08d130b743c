import { reasonOf } from '@flotilla/domain';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { checkRelease } from './inspect.ts';
import { ownConfigOf } from './own-config-of.ts';
import { refuse } from './refuse.ts';
import { diskOf, sameRelease } from './state.ts';
import { StepClock } from './step-clock.ts';

/** A burst of versions is checked after it, not during it … */
const quietMs = 200;
/** … but no longer than this after the first of them. */
const longestWaitMs = 2_000;
/** Of the time, at most one part in so many is spent on checks. */
const share = 5;
const retryMs = 5_000;

interface Refusal {
  readonly placed: PlacedRelease;
  /** HAProxy's words when it refuses. */
  readonly words: string | undefined;
}

/**
 * `haproxy -c` of what went into traffic without it (`needsCheck` says why that is safe). It runs beside the deliveries
 * and does not hold them up; its refusal is taken between two of them. A version that fails is undone and parked.
 */
export interface DeferredCheck {
  dueAt(): number;
  run(now: number): Promise<void>;
  /** A version went into traffic unchecked, or was checked. */
  note(now: number): void;
}

export function createDeferredCheck(context: Context, wake: () => void): DeferredCheck {
  const { log, signal } = context;
  const isUnchecked = (): boolean => {
    const { place } = context.state;
    return place.kind !== 'empty' && !place.isChecked;
  };
  let uncheckedSince: number | undefined;
  let changedAt = 0;
  let notBefore = 0;
  let isRunning = false;
  let refusal: Refusal | undefined;

  const begin = (placed: PlacedRelease) => {
    isRunning = true;
    const began = performance.now();
    checkRelease(context, placed, ownConfigOf(context, placed), { givesWay: true })
      .then(
        (words) => {
          refusal = { placed, words };
          notBefore = performance.now() + share * (performance.now() - began);
        },
        (error: unknown) => {
          notBefore = performance.now() + retryMs;
          if (!signal.aborted) log.warn({ reason: reasonOf(error) }, 'a version in traffic could not be checked yet');
        },
      )
      .finally(() => {
        isRunning = false;
        wake();
      });
  };

  const take = async ({ placed, words }: Refusal) => {
    if (words === undefined) {
      context.move({ kind: 'checked-late', placed });
      return;
    }
    log.error({ version: placed.manifest.version }, 'a version in traffic fails the check; it is undone');
    if (sameRelease(diskOf(context.state), placed)) {
      await refuse(context, placed, words, { touched: true, clock: new StepClock() });
      return;
    }
    // A newer version was built on it: whether that one is good too must be known before anything else happens.
    const disk = diskOf(context.state);
    if (disk && isUnchecked()) {
      const later = await checkRelease(context, disk, ownConfigOf(context, disk));
      await take({ placed: disk, words: later });
    }
  };

  return {
    note(now) {
      changedAt = now;
      uncheckedSince = isUnchecked() ? (uncheckedSince ?? now) : undefined;
    },
    dueAt() {
      if (refusal) return 0;
      const { place } = context.state;
      if (isRunning || place.kind !== 'settled' || place.isChecked) return Infinity;
      return Math.max(notBefore, Math.min(changedAt + quietMs, (uncheckedSince ?? changedAt) + longestWaitMs));
    },
    async run(now) {
      if (refusal) {
        const taken = refusal;
        refusal = undefined;
        await take(taken);
        uncheckedSince = isUnchecked() ? now : undefined;
      } else if (context.state.place.kind === 'settled') begin(context.state.place.disk);
    },
  };
}
