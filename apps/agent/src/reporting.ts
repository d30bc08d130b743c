import type { NodeReports } from '@flotilla/artifact';
import type { Answer, NodeStatus } from '@flotilla/domain';
import { reasonOf } from '@flotilla/domain';
import { Bell, type Logger, pause } from '@flotilla/runtime';

const heartbeatMs = 5_000;
const retryMs = 500;
/** A status that changes is told when it has come to rest, and not while a version is being delivered. */
const settleMs = 50;
/** Answers kept while Redis is away; of more than that the oldest go. */
const answersKept = 1_000;

export interface ReportingOptions {
  readonly reports: NodeReports;
  readonly status: () => Omit<NodeStatus, 'at'>;
  readonly log: Logger;
}

/**
 * Tells Redis how this node stands: every answer in order, and its status when it changed and every few seconds.
 * Nothing waits for it; while Redis is away answers gather.
 */
export class Reporting {
  readonly #options: ReportingOptions;
  readonly #answers: Answer[] = [];
  #told = '';
  #toldAt = -Infinity;
  #touched: NodeJS.Timeout | undefined;
  readonly #bell = new Bell();

  constructor(options: ReportingOptions) {
    this.#options = options;
  }

  answer(answer: Answer): void {
    this.#answers.push(answer);
    if (this.#answers.length > answersKept) this.#answers.shift();
    this.#bell.ring();
  }

  /** The status may have changed. */
  touch(): void {
    this.#touched ??= setTimeout(() => {
      this.#touched = undefined;
      this.#bell.ring();
    }, settleMs).unref();
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.flush();
        const leftMs = this.#toldAt + heartbeatMs - performance.now();
        await this.#bell.wait(leftMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.debug({ reason: reasonOf(error) }, 'this node could not report; trying again');
        await pause(retryMs, signal);
      }
    }
  }

  /** Tells everything that is not told yet. */
  async flush(): Promise<void> {
    const { reports, status } = this.#options;
    for (let answer = this.#answers[0]; answer; answer = this.#answers[0]) {
      await reports.answer(answer);
      // It is not the first any more when too many gathered meanwhile.
      if (this.#answers[0] === answer) this.#answers.shift();
    }
    const now = status();
    const text = JSON.stringify(now);
    if (text === this.#told && performance.now() - this.#toldAt < heartbeatMs) return;
    await reports.heartbeat({ ...now, at: new Date().toISOString() });
    this.#told = text;
    this.#toldAt = performance.now();
  }
}
