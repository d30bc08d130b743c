import { reasonOf } from '@flotilla/domain';
import type { PlacedRelease } from '../store/placed-release.ts';
import { identityOf } from '../store/state-file.ts';
import { type Context, saveState } from './context.ts';
import { checkRelease } from './inspect.ts';
import { refuse } from './refuse.ts';
import { sameRelease } from './standing.ts';
import { StepClock } from './step-clock.ts';
import { ownConfigOf } from './take-version.ts';

/** A burst of versions is checked after it, not during it … */
const quietMs = 200;
/** … but no longer than this after the first of them. */
const longestWaitMs = 2_000;
/** Of the time, at most one part in so many is spent on checks. */
const share = 5;
const retryMs = 5_000;

interface Verdict {
  readonly placed: PlacedRelease;
  /** HAProxy's words when it refuses. */
  readonly words: string | undefined;
}

/**
 * `haproxy -c` of what went into traffic without it (`needsCheck` says why that is safe). It runs beside the deliveries
 * and does not hold them up; its verdict is taken between two of them. A version that fails is undone and parked.
 */
export interface LateCheck {
  dueAt(): number;
  run(now: number): Promise<void>;
  /** A version went into traffic unchecked, or was checked. */
  note(now: number): void;
}

export function createLateCheck(context: Context, wake: () => void): LateCheck {
  const { standing, log, signal } = context;
  let uncheckedSince: number | undefined;
  let changedAt = 0;
  let notBefore = 0;
  let isRunning = false;
  let verdict: Verdict | undefined;

  const begin = (placed: PlacedRelease) => {
    isRunning = true;
    const began = performance.now();
    checkRelease(context, placed, ownConfigOf(context, placed), { givesWay: true })
      .then(
        (words) => {
          verdict = { placed, words };
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

  const take = async ({ placed, words }: Verdict) => {
    if (words === undefined) {
      standing.good = identityOf(placed.manifest);
      if (sameRelease(standing.live, placed)) standing.unchecked = false;
      saveState(context);
      return;
    }
    log.error({ version: placed.manifest.version }, 'a version in traffic fails the check; it is undone');
    if (sameRelease(standing.disk, placed)) {
      await refuse(context, placed, words, { touched: true, clock: new StepClock() });
      return;
    }
    // A newer version was built on it: whether that one is good too must be known before anything else happens.
    const { disk } = standing;
    if (disk && standing.unchecked) {
      const later = await checkRelease(context, disk, ownConfigOf(context, disk));
      await take({ placed: disk, words: later });
    }
  };

  return {
    note(now) {
      changedAt = now;
      uncheckedSince = standing.unchecked ? (uncheckedSince ?? now) : undefined;
    },
    dueAt() {
      if (verdict) return 0;
      const { live, disk, unchecked, waiting } = standing;
      if (isRunning || !unchecked || waiting || !live || !sameRelease(live, disk)) return Infinity;
      return Math.max(notBefore, Math.min(changedAt + quietMs, (uncheckedSince ?? changedAt) + longestWaitMs));
    },
    async run(now) {
      if (verdict) {
        const taken = verdict;
        verdict = undefined;
        await take(taken);
        if (!standing.unchecked) uncheckedSince = undefined;
        else uncheckedSince = now;
      } else if (standing.live) begin(standing.live);
    },
  };
}
