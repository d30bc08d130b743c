import type { HeldArtifact } from '@flotilla/artifact';
import { reasonOf } from '@flotilla/domain';
import { Bell } from '@flotilla/runtime';
import { releaseName } from '../store/paths.ts';
import type { Context } from './context.ts';
import { createFlush } from './flush.ts';
import { createLateCheck } from './late-check.ts';
import { makeLive, makeLiveDueAt } from './make-live.ts';
import { StepClock } from './step-clock.ts';
import { createSweep } from './sweep.ts';
import { takeVersion } from './take-version.ts';
import { type Watch, createWatch } from './watch.ts';

/** One of the things a node has to do from time to time. Times are those of `performance.now()`. */
interface Duty {
  readonly name: string;
  /** Infinity while there is nothing to do. */
  dueAt(): number;
  run(now: number): Promise<void>;
}

const firstPauseMs = 1_000;
const longestPauseMs = 15_000;
/** Of the time, at most one part in so many is spent on looking at HAProxy. */
const lookShare = 30;
const longestLookMs = 10_000;
/** A look stands aside for a new version, but not every time: drift is noticed however often versions come. */
const looksBrokenOff = 3;
const collectEveryMs = 10_000;
const longestSleepMs = 60_000;

/**
 * Everything a node does, one thing at a time, so that each begins with a state that is known: of the duties that are
 * due the first of the list runs, then they are looked at again.
 *
 *     a new version → a start or reload → the late check → removed servers → a look at HAProxy → the disk → old releases
 *
 * A duty that throws (a full disk, a socket that hangs) is tried again after a pause; the others go on.
 */
export class Delivery {
  readonly #context: Context;
  readonly #duties: readonly Duty[];
  readonly #paused = new Map<Duty, { until: number; ms: number; reason: string }>();
  readonly #onStep: () => void;
  readonly #bell = new Bell();
  #lookAt = 0;
  #look: AbortController | undefined;
  #brokenOff = 0;

  constructor(context: Context, { verifyMs, onStep }: { verifyMs: number; onStep: () => void }) {
    this.#context = context;
    this.#onStep = onStep;
    this.#duties = this.#dutiesOf(verifyMs);
  }

  /** The version the node should run. Only the newest one counts. */
  offer(artifact: HeldArtifact): void {
    this.#context.standing.next = artifact;
    if (this.#brokenOff < looksBrokenOff) this.#look?.abort(new Error('a new version comes first'));
    this.wake();
  }

  /** HAProxy reads its files again, whatever it runs. */
  reloadNow(why: string): void {
    const { standing } = this.#context;
    if (!standing.disk) return;
    standing.waiting ??= { purpose: 'restore', why, touched: true, notBefore: 0, clock: new StepClock() };
    this.wake();
  }

  /** Something happened to HAProxy: look at once. */
  lookNow(): void {
    this.#lookAt = 0;
    this.wake();
  }

  wake(): void {
    this.#bell.ring();
  }

  /** Until the context's signal is aborted. */
  async run(): Promise<void> {
    const { signal } = this.#context;
    while (!signal.aborted) {
      this.#onStep();
      const now = performance.now();
      const due = this.#duties.map((duty) => ({ duty, at: this.#dueAt(duty) }));
      const next = due.find(({ at }) => at <= now);
      if (next) await this.#attempt(next.duty, now);
      else await this.#bell.wait(Math.min(longestSleepMs, ...due.map(({ at }) => at - now)), signal);
    }
  }

  #dutiesOf(verifyMs: number): Duty[] {
    const context = this.#context;
    const { standing, haproxy, store, metrics } = context;
    const watch = createWatch(context);
    const lateCheck = createLateCheck(context, () => {
      this.wake();
    });
    const sweep = createSweep(context);
    const flush = createFlush(context, () => {
      this.wake();
    });
    let collectAt = 0;
    return [
      {
        name: 'a new version',
        dueAt: () => (standing.next ? 0 : Infinity),
        run: async () => {
          const { next } = standing;
          if (!next) return;
          await takeVersion(context, next);
          if (standing.next === next) standing.next = undefined;
          lateCheck.note(performance.now());
        },
      },
      {
        name: 'bringing HAProxy to its files',
        dueAt: () => makeLiveDueAt(context),
        run: (now) => makeLive(context, watch, now),
      },
      { name: 'checking what is in traffic', ...lateCheck },
      { name: 'removing servers', ...sweep },
      {
        name: 'looking at HAProxy',
        dueAt: () => (standing.disk && haproxy.mode !== 'command' ? this.#lookAt : Infinity),
        run: async (now) => {
          await this.#lookWith(watch);
          // A look at a HAProxy that is down is mostly waiting.
          const costMs = standing.running ? performance.now() - now : 0;
          this.#lookAt = performance.now() + Math.max(verifyMs, Math.min(longestLookMs, lookShare * costMs));
        },
      },
      { name: 'flushing to the disk', ...flush },
      {
        name: 'removing old releases',
        dueAt: () => collectAt,
        run: async (now) => {
          collectAt = now + collectEveryMs;
          const kept = [standing.disk?.manifest, standing.live?.manifest, standing.good];
          await store.collect(kept.flatMap((artifact) => (artifact ? [releaseName(artifact)] : [])));
          metrics.waiting(standing.waiting !== undefined);
        },
      },
    ];
  }

  async #lookWith(watch: Watch): Promise<void> {
    const look = (this.#look = new AbortController());
    try {
      await watch.look(look.signal);
    } finally {
      this.#look = undefined;
      this.#brokenOff = look.signal.aborted ? this.#brokenOff + 1 : 0;
    }
  }

  #dueAt(duty: Duty): number {
    return Math.max(duty.dueAt(), this.#paused.get(duty)?.until ?? 0);
  }

  async #attempt(duty: Duty, now: number): Promise<void> {
    const { signal, standing, log } = this.#context;
    try {
      await duty.run(now);
      this.#paused.delete(duty);
    } catch (error) {
      if (signal.aborted) return;
      const ms = Math.min(longestPauseMs, 2 * (this.#paused.get(duty)?.ms ?? firstPauseMs / 2));
      const reason = reasonOf(error);
      this.#paused.set(duty, { until: performance.now() + ms, ms, reason: `${duty.name}: ${reason}` });
      log.error({ reason, retryMs: ms }, `${duty.name} failed; trying again`);
    }
    const [failed] = this.#paused.values();
    standing.failing = failed?.reason;
  }
}
