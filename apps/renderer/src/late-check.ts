import { reasonOf } from '@flotilla/domain';
import type { Logger } from '@flotilla/runtime';

export interface LateCheckOptions {
  /** How long after it was asked for, at least, so that what was published reaches the nodes first. */
  readonly afterMs: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly log: Logger;
}

/**
 * When the newest version is checked that went out before its check.
 *
 * ```
 * idle ──ask──▶ due ──afterMs──▶ running ──▶ idle
 *                ▲                  │ asked again, or set aside
 *                └──────────────────┘
 * ```
 *
 * However often it is asked for, it runs once, and it waits as long as it took the last time: a fleet that changes all
 * the time spends at most half of its time in checks. It stands aside for a check that a version waits for: both use one
 * folder. A run that fails is not repeated here: reconciling adds a job as long as the newest version is unchecked.
 */
export class LateCheck {
  readonly #options: LateCheckOptions;
  #isDue = false;
  #timer: NodeJS.Timeout | undefined;
  #running: { readonly end: AbortController; readonly done: Promise<void> } | undefined;
  #isHeld = false;
  #tookMs = 0;

  constructor(options: LateCheckOptions) {
    this.#options = options;
  }

  ask(): void {
    this.#isDue = true;
    this.#schedule();
  }

  /** Breaks off what runs, does the work alone, and goes on afterwards with what is due. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    await this.#stop();
    try {
      return await work();
    } finally {
      this.#isHeld = false;
      this.#schedule();
    }
  }

  /** Breaks off what runs; nothing runs any more. */
  async close(): Promise<void> {
    await this.#stop();
    this.#isDue = false;
  }

  async #stop(): Promise<void> {
    this.#isHeld = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running?.end.abort(new Error('another check comes first'));
    await this.#running?.done;
  }

  #schedule(): void {
    if (!this.#isDue || this.#isHeld || this.#timer || this.#running) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#isDue = false;
        const end = new AbortController();
        this.#running = { end, done: this.#run(end.signal) };
      },
      Math.max(this.#options.afterMs, this.#tookMs),
    );
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { run, log } = this.#options;
    const since = performance.now();
    try {
      await run(signal);
      this.#tookMs = performance.now() - since;
    } catch (error) {
      if (signal.aborted) this.#isDue = true;
      else log.warn({ reason: reasonOf(error) }, 'a version that went out before its check could not be checked yet');
    }
    this.#running = undefined;
    this.#schedule();
  }
}
