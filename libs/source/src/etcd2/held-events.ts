import type { EtcdEvent } from './wire.ts';

/**
 * Events of a new stream that wait until everything before them is there. `patience` is aborted when the first of
 * them has waited too long.
 */
export class HeldEvents {
  readonly patience: AbortSignal;
  readonly #patience = new AbortController();
  readonly #patienceMs: number;
  #events: EtcdEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.patience = this.#patience.signal;
  }

  add(event: EtcdEvent): void {
    this.#events.push(event);
    this.#timer ??= setTimeout(() => {
      this.#patience.abort();
    }, this.#patienceMs);
  }

  /** Gives them in their order and stops waiting. */
  release(): EtcdEvent[] {
    clearTimeout(this.#timer);
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
