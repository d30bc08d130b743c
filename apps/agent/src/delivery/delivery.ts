import type { LoadedArtifact } from '@flotilla/artifact';
import { reasonOf } from '@flotilla/domain';
import { Bell } from '@flotilla/runtime';
import { releaseName } from '../store/paths.ts';
import type { Context } from './context.ts';
import { createDiskWatch } from './disk-watch.ts';
import { createFlush } from './flush.ts';
import { createDeferredCheck } from './deferred-check.ts';
import { makeLive, makeLiveDueAt, waitsForReload } from './make-live.ts';
import { createMoveOn } from './move-on.ts';
import { diskOf, liveOf, parkedOf } from './state.ts';
import { createSweep } from './sweep.ts';
import { takeVersion } from './take-version.ts';
import { createTakingUpAgain } from './taking-up-again.ts';
import { type DriftWatch, createDriftWatch } from './drift-watch.ts';

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
 *     a new version → a start or reload → pods of what was refused → the late check → removed servers
 *       → a look at HAProxy → the disk → old releases
 *
 * A duty that throws (a full disk, a socket that hangs) is tried again after a pause; the others go on.
 */
export class Delivery {
  readonly #context: Context;
  readonly #duties: readonly Duty[];
  readonly #paused = new Map<Duty, { until: number; ms: number; reason: string }>();
  readonly #onStep: () => void;
  readonly #bell = new Bell();
  readonly #asked: (() => void)[] = [];
  /** The newest version that was offered. */
  #newest: LoadedArtifact | undefined;
  #lookAt = 0;
  #look: AbortController | undefined;
  #brokenOff = 0;

  constructor(context: Context, { verifyMs, onStep }: { verifyMs: number; onStep: () => void }) {
    this.#context = context;
    this.#onStep = onStep;
    this.#duties = this.#dutiesOf(verifyMs);
  }

  /** The version the node should run. Only the newest one counts. */
  offer(artifact: LoadedArtifact): void {
    this.#newest = artifact;
    this.#context.move({ kind: 'offered', artifact });
    if (this.#brokenOff < looksBrokenOff) this.#look?.abort(new Error('a new version comes first'));
    this.wake();
  }

  /** HAProxy reads its files again, whatever it runs and whatever puts reloads off. */
  reloadNow(why: string): void {
    this.#ask(() => {
      if (diskOf(this.#context.state)) this.#context.move({ kind: 'reload-asked', why });
      else this.#offerAgain();
    });
  }

  /** What was refused is tried again, and nothing waits for its next attempt any longer. */
  tryAgain(): void {
    this.#ask(() => {
      const wasParked = parkedOf(this.#context.state) !== undefined;
      this.#paused.clear();
      this.#context.move({ kind: 'retry-asked' });
      if (wasParked) this.#offerAgain();
      this.#lookAt = 0;
    });
  }

  #offerAgain(): void {
    const { state } = this.#context;
    if (!state.next) this.#context.move({ kind: 'offered', artifact: this.#newest });
  }

  /** Between two duties, so that none finds its state changed. */
  #ask(act: () => void): void {
    this.#asked.push(act);
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
      for (const act of this.#asked.splice(0)) act();
      this.#tell();
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
    const { haproxy, store } = context;
    const watch = createDriftWatch(context);
    const deferredCheck = createDeferredCheck(context, () => {
      this.wake();
    });
    const sweep = createSweep(context);
    const flush = createFlush(context, () => {
      this.wake();
    });
    const diskWatch = createDiskWatch(context);
    let diskAt = 0;
    let collectAt = 0;
    return [
      {
        name: 'a new version',
        dueAt: () => (context.state.next ? 0 : Infinity),
        run: async () => {
          const { next } = context.state;
          if (!next) return;
          await takeVersion(context, next);
          context.move({ kind: 'taken', artifact: next });
          deferredCheck.note(performance.now());
        },
      },
      {
        name: 'bringing HAProxy to its files',
        dueAt: () => makeLiveDueAt(context),
        run: (now) => makeLive(context, watch, now),
      },
      { name: 'bringing pods to what runs', ...createMoveOn(context) },
      { name: 'taking up what was refused', ...createTakingUpAgain(context, () => this.#newest) },
      { name: 'checking what is in traffic', ...deferredCheck },
      { name: 'removing servers', ...sweep },
      {
        name: 'looking at HAProxy',
        dueAt: () => (diskOf(context.state) && haproxy.mode !== 'command' ? this.#lookAt : Infinity),
        run: async (now) => {
          await this.#lookWith(watch);
          // A look at a HAProxy that is down is mostly waiting.
          const costMs = context.state.running ? performance.now() - now : 0;
          this.#lookAt = performance.now() + Math.max(verifyMs, Math.min(longestLookMs, lookShare * costMs));
        },
      },
      {
        name: 'looking at the disk',
        dueAt: () => (diskWatch.isDue() ? diskAt : Infinity),
        run: async (now) => {
          await diskWatch.look();
          diskAt =
            performance.now() + Math.max(verifyMs, Math.min(longestLookMs, lookShare * (performance.now() - now)));
        },
      },
      { name: 'flushing to the disk', ...flush },
      {
        name: 'removing old releases',
        dueAt: () => collectAt,
        run: async (now) => {
          collectAt = now + collectEveryMs;
          const { state } = context;
          const kept = [diskOf(state)?.manifest, liveOf(state)?.manifest, state.good];
          await store.collect(kept.flatMap((artifact) => (artifact ? [releaseName(artifact)] : [])));
        },
      },
    ];
  }

  async #lookWith(watch: DriftWatch): Promise<void> {
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
    const { signal, log } = this.#context;
    try {
      await duty.run(now);
      this.#paused.delete(duty);
    } catch (error) {
      if (signal.aborted) return;
      const before = this.#paused.get(duty);
      const ms = Math.min(longestPauseMs, 2 * (before?.ms ?? firstPauseMs / 2));
      const reason = `${duty.name}: ${reasonOf(error)}`;
      this.#paused.set(duty, { until: performance.now() + ms, ms, reason });
      // The same failure again is no news.
      const level = reason === before?.reason ? 'debug' : 'error';
      log[level]({ reason: reasonOf(error), retryMs: ms }, `${duty.name} failed; trying again`);
    }
    this.#tell();
  }

  /** What a duty failed at is no trouble any more once there is nothing left of it to do. */
  #tell(): void {
    for (const duty of this.#paused.keys()) if (duty.dueAt() === Infinity) this.#paused.delete(duty);
    const [failed] = this.#paused.values();
    const { state, metrics } = this.#context;
    if (failed?.reason !== state.failing) this.#context.move({ kind: 'failing', reason: failed?.reason });
    metrics.waiting(waitsForReload(this.#context, performance.now()));
    metrics.parked(parkedOf(state) !== undefined);
  }
}
