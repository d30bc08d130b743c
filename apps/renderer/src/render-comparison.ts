import { reasonOf } from '@flotilla/domain';
import type { Logger } from '@flotilla/runtime';
import type { Difference, IncrementalResult } from '@flotilla/template';

export type ComparisonOutcome = 'same' | 'different' | 'failed';

export interface RenderComparisonOptions {
  /** At most one comparison in so many milliseconds; 0: none at all. */
  readonly everyMs: number;
  /** The fleet's last result, unless it was made from nothing: of it only the files, or everything. */
  readonly lastFiles: () => IncrementalResult['files'] | undefined;
  readonly last: () => IncrementalResult | undefined;
  /** Renders the same inputs from nothing. */
  readonly compare: (result: IncrementalResult, signal: AbortSignal) => Promise<Difference | undefined>;
  /** Does the work when no other fleet's comparison is under way. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Has the fleet rendered from nothing, and says so. What it throws is told, and the comparison is made again. */
  readonly mend: (result: IncrementalResult, difference: Difference) => Promise<string>;
  readonly onOutcome: (outcome: ComparisonOutcome) => void;
  readonly log: Logger;
}

/**
 * When a fleet's incremental renders are held against a full one.
 *
 * ```
 * idle ──rendered──▶ due ──everyMs since the last comparison──▶ waiting for its turn ──▶ comparing ──▶ idle
 *                     ▲                                                                     │
 *                     └──────── rendered meanwhile, or the comparison failed ◀──────────────┘
 * ```
 *
 * It takes the newest result at that moment with the inputs it was made of, and stays with them: no change puts it off,
 * and none makes it wrong.
 */
export class RenderComparison {
  readonly #options: RenderComparisonOptions;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isWaiting = false;
  #comparing: Promise<void> | undefined;
  #nextAt: number;
  /** The result that was compared last, by its files. */
  #compared: IncrementalResult['files'] | undefined;
  #hasFailed = false;
  #note: string | undefined;

  constructor(options: RenderComparisonOptions) {
    this.#options = options;
    this.#nextAt = performance.now() + options.everyMs;
  }

  /** A render came to an end, and what it gave was published. */
  rendered(): void {
    if (this.#options.everyMs === 0 || this.#ending.signal.aborted) return;
    if (this.#timer || this.#isWaiting || !this.#isDue()) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#isWaiting = true;
        void this.#options.inTurn(() => this.#run());
      },
      Math.max(0, this.#nextAt - performance.now()),
    );
  }

  #isDue(): boolean {
    const files = this.#options.lastFiles();
    return files !== undefined && files !== this.#compared;
  }

  async #run(): Promise<void> {
    const result = this.#ending.signal.aborted || !this.#isDue() ? undefined : this.#options.last();
    if (result) {
      this.#nextAt = performance.now() + this.#options.everyMs;
      this.#comparing = this.#compare(result, this.#ending.signal);
      await this.#comparing;
    }
    this.#isWaiting = false;
    this.rendered();
  }

  async #compare(result: IncrementalResult, signal: AbortSignal): Promise<void> {
    const { compare, mend, onOutcome, log } = this.#options;
    try {
      const difference = await compare(result, signal);
      onOutcome(difference ? 'different' : 'same');
      if (difference) this.#note = await mend(result, difference);
      this.#compared = result.files;
      this.#hasFailed = false;
    } catch (error) {
      if (signal.aborted) return;
      onOutcome('failed');
      if (!this.#hasFailed) {
        log.warn(
          { reason: reasonOf(error) },
          'the incremental renders could not be compared with a full one; trying again',
        );
      }
      this.#hasFailed = true;
    }
  }

  /** What the next job has to tell of earlier versions; it is told once. */
  takeNote(): string | undefined {
    const note = this.#note;
    this.#note = undefined;
    return note;
  }

  /** Breaks off what runs; nothing runs any more. */
  async close(): Promise<void> {
    this.#ending.abort(new Error('the fleet gives way'));
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#comparing;
  }
}

/** Work that is done one after the other, in the order it came. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };
}
