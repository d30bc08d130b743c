import type { FleetName, Revision } from '@flotilla/domain';
import type { Signals } from '@flotilla/queue';

/**
 * Sends a fleet's signals one after the other; of those that come meanwhile only the newest goes out. Writing never
 * waits for it. A signal that is lost is made up for by reconciling.
 */
export class Signalling {
  #next: Revision | undefined;
  #isSending = false;

  constructor(
    readonly fleet: FleetName,
    readonly signals: Signals,
    /** Told of each signal how it went: undefined, or the error. */
    readonly onSent: (error?: unknown) => void,
  ) {}

  send(revision: Revision): void {
    this.#next = revision;
    if (!this.#isSending) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    while (this.#next !== undefined) {
      const revision = this.#next;
      this.#next = undefined;
      try {
        await this.signals.signal(this.fleet, revision);
        this.onSent();
      } catch (error) {
        this.onSent(error);
      }
    }
    this.#isSending = false;
  }
}
