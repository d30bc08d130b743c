import { type Answer, type Instance, reasonOf, reportEveryMs, silentAfterMs } from '@flotilla/domain';
import { type NodeReports, Bell, type Logger, pause } from '@flotilla/runtime';
import type { OwnStatus } from './node-status.ts';

const retryMs = 500;
/** A status that changes is told when it has come to rest, and not while a version is being delivered. */
const settleMs = 50;
/** Answers kept while Redis is away; of more than that the oldest go. */
const answersKept = 1_000;

export interface ReportingOptions {
  readonly reports: NodeReports;
  readonly status: () => OwnStatus;
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
  #isFailing = false;
  #touched: NodeJS.Timeout | undefined;
  #clockMs: number | null = null;
  /** Another process that reported under this name since this one did, and when that was seen last. */
  #rival: { readonly instance: Instance; readonly seenAt: number } | undefined;
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
        this.#isFailing = false;
        const leftMs = this.#toldAt + reportEveryMs - performance.now();
        await this.#bell.wait(leftMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#isFailing)
          this.#options.log.debug({ reason: reasonOf(error) }, 'this node could not report; trying again');
        this.#isFailing = true;
        await pause(retryMs, signal);
      }
    }
  }

  /** Tells everything that is not told yet. */
  async flush(): Promise<void> {
    const { reports, status, log } = this.#options;
    for (let answer = this.#answers[0]; answer; answer = this.#answers[0]) {
      await reports.answer(answer);
      // It is not the first any more when too many gathered meanwhile.
      if (this.#answers[0] === answer) this.#answers.shift();
    }
    const now = status();
    const text = JSON.stringify(now);
    if (text === this.#told && performance.now() - this.#toldAt < reportEveryMs) return;
    if (this.#rival && performance.now() - this.#rival.seenAt > silentAfterMs) this.#rival = undefined;
    const rival = this.#rival?.instance ?? null;
    const { before, clockMs } = await reports.heartbeat({
      ...now,
      rival,
      clockMs: this.#clockMs,
      at: new Date().toISOString(),
    });
    this.#clockMs = clockMs ?? this.#clockMs;
    // What stood there at the first report was of the agent before this one.
    if (this.#told !== '' && before && before.id !== now.instance.id) {
      if (!rival) log.error({ host: before.host, pid: before.pid }, 'another agent reports under this name');
      this.#rival = { instance: before, seenAt: performance.now() };
    }
    this.#told = text;
    this.#toldAt = performance.now();
  }
}
