import type { Logger } from '@flotilla/runtime';

/** Lines that come within this time of the first are one event, such as a reload. */
const gatherMs = 500;
const linesShown = 5;

/**
 * HAProxy's own lines in the agent's log. It prints a line for each proxy that stops with a worker, hundreds at a reload:
 * warnings and alerts that come together are one line of the log, which counts them and shows the first.
 */
export class HaproxyWords {
  readonly #log: Logger;
  #alerts: string[] = [];
  #warnings: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(line: string): void {
    const severity = /^\[(ALERT|EMERG|WARNING)/.exec(line)?.[1];
    // What a configuration logs to standard output is no word of HAProxy's own.
    this.#log.debug({ haproxy: line }, 'haproxy');
    if (severity === undefined) return;
    (severity === 'WARNING' ? this.#warnings : this.#alerts).push(line);
    this.#timer ??= setTimeout(() => {
      this.flush();
    }, gatherMs).unref();
  }

  /** Logs what was gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [alerts, warnings] = [this.#alerts, this.#warnings];
    this.#alerts = [];
    this.#warnings = [];
    const lines = [...alerts, ...warnings];
    if (lines.length === 0) return;
    const about = { haproxy: lines.slice(0, linesShown), lines: lines.length };
    if (alerts.length > 0) this.#log.warn(about, 'haproxy alerts');
    else this.#log.info(about, 'haproxy warns');
  }
}
