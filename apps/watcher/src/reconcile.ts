import { type FleetName, type InputsPosition, reasonOf } from '@flotilla/domain';
import type { FleetProgress } from '@flotilla/inputs';
import type { Revival, Signals } from '@flotilla/queue';
import { type Logger, pause } from '@flotilla/runtime';

export interface ReconcilerOptions {
  readonly fleet: FleetName;
  readonly progress: () => Promise<FleetProgress | undefined>;
  readonly signals: Pick<Signals, 'revive'>;
  readonly onRevived: (revival: Exclude<Revival, 'live'>) => void;
  /** Told whether the fleet has the job it needs: undefined, or the error that there was in looking after it. */
  readonly onPass: (error?: unknown) => void;
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

  /** One pass. */
  async pass(): Promise<void> {
    const { onPass, log } = this.#options;
    try {
      if (await this.#hasItsJob()) onPass();
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'reconciling waits for Redis');
      onPass(error);
    }
  }

  /** False while it is not known. What is behind for the first time is left to the signal that is on its way. */
  async #hasItsJob(): Promise<boolean> {
    const { fleet, signals, onRevived, log } = this.#options;
    const progress = await this.#options.progress();
    if (!progress || progress.isRendered) {
      this.#behind = undefined;
      return true;
    }
    if (!this.#behind || progress.epoch !== this.#behind.epoch || progress.revision !== this.#behind.revision) {
      this.#behind = progress;
      this.#passes = 0;
      this.#nextAt = 1;
      return false;
    }
    this.#passes++;
    if (this.#passes < this.#nextAt) return false;
    const revival = await signals.revive(fleet, progress.revision);
    if (revival === 'live') return true;
    this.#nextAt = this.#passes + Math.min(this.#nextAt * 2, longestPausePasses);
    onRevived(revival);
    log.info({ fleet, revision: progress.revision, revival }, 'inputs without a render job: added it again');
    return true;
  }
}

/** At one pass each three seconds, a minute. */
const longestPausePasses = 20;
const everyMs = 3_000;

/** Passes over every fleet while `isLeading`, until the signal is aborted. */
export async function reconcile(
  reconcilers: readonly Reconciler[],
  options: { isLeading: () => boolean; signal: AbortSignal; everyMs?: number },
): Promise<void> {
  while (!options.signal.aborted) {
    await pause(options.everyMs ?? everyMs, options.signal);
    if (!options.isLeading()) continue;
    for (const one of reconcilers) await one.pass();
  }
}
