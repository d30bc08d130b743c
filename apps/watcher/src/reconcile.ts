import { type FleetName, type InputsPosition, reasonOf } from '@flotilla/domain';
import type { FleetProgress } from '@flotilla/inputs';
import type { Revival, Signals } from '@flotilla/queue';
import { type Logger, pause } from '@flotilla/runtime';

export interface ReconcilerOptions {
  readonly fleet: FleetName;
  readonly progress: () => Promise<FleetProgress | undefined>;
  readonly signals: Pick<Signals, 'revive'>;
  readonly onRevived: (revival: Exclude<Revival, 'live'>) => void;
  readonly log: Logger;
}

/**
 * Looks after a fleet whose newest inputs were not rendered. Mostly its job is under way. Where there is none (a
 * signal was lost with a watcher, a job was removed by hand, all attempts failed) the fleet gets one.
 *
 * Inputs that fail every time are tried again after ever longer pauses: a broken template must not fill the history.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #behind: InputsPosition | undefined;
  #passes = 0;
  #nextAt = 1;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** One pass. What is behind for the first time is left to the signal that is on its way. */
  async pass(): Promise<void> {
    const { fleet, signals, onRevived, log } = this.#options;
    const progress = await this.#options.progress();
    if (!progress || progress.isRendered) {
      this.#behind = undefined;
      return;
    }
    if (!this.#behind || progress.epoch !== this.#behind.epoch || progress.revision !== this.#behind.revision) {
      this.#behind = progress;
      this.#passes = 0;
      this.#nextAt = 1;
      return;
    }
    this.#passes++;
    if (this.#passes < this.#nextAt) return;
    const revival = await signals.revive(fleet, progress.revision);
    if (revival === 'live') return;
    this.#nextAt = this.#passes + Math.min(this.#nextAt * 2, longestPausePasses);
    onRevived(revival);
    log.info({ fleet, revision: progress.revision, revival }, 'inputs without a render job: added it again');
  }
}

/** At one pass each three seconds, a minute. */
const longestPausePasses = 20;
const everyMs = 3_000;

/** Passes over every fleet while `isLeading`, until the signal is aborted. */
export async function reconcile(
  reconcilers: readonly Reconciler[],
  options: { isLeading: () => boolean; log: Logger; signal: AbortSignal; everyMs?: number },
): Promise<void> {
  while (!options.signal.aborted) {
    await pause(options.everyMs ?? everyMs, options.signal);
    if (!options.isLeading()) continue;
    try {
      for (const one of reconcilers) await one.pass();
    } catch (error) {
      options.log.debug({ reason: reasonOf(error) }, 'reconciling waits for Redis');
    }
  }
}
