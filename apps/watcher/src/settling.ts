export interface SettlingTimes {
  /** The store has to be silent so long before it is believed again. */
  readonly quietMs: number;
  /** It is believed after so long, silent or not. */
  readonly longestMs: number;
}

/**
 * When a fleet that is held goes on.
 *
 * ```
 * lacking ──all is back──▶ settling ──silence──▶ over
 *    ▲                        │
 *    └──────gone again────────┘
 * ```
 *
 * A store that lost its data is filled again object by object. What it holds in between is no state that anybody meant:
 * services without pods, the half of the certificates. So the first state that is written is the one it comes to rest at.
 */
export class Settling {
  readonly #times: SettlingTimes;
  #settling: { readonly since: number; changedAt: number } | undefined;

  constructor(times: SettlingTimes) {
    this.#times = times;
  }

  /** A change came. */
  changed(now: number): void {
    if (this.#settling) this.#settling.changedAt = now;
  }

  /** Whether the hold is over, when the store lacks something of what the fleet had, or no longer does. */
  isOver(lacks: boolean, now: number): boolean {
    if (lacks) this.#settling = undefined;
    else this.#settling ??= { since: now, changedAt: now };
    if (!this.#settling || this.leftMs(now) > 0) return false;
    this.#settling = undefined;
    return true;
  }

  /** All is back, and silence is waited for. */
  get isSettling(): boolean {
    return this.#settling !== undefined;
  }

  /** How long it settles at least; 0 when it does not. */
  leftMs(now: number): number {
    if (!this.#settling) return 0;
    const { since, changedAt } = this.#settling;
    const { quietMs, longestMs } = this.#times;
    return Math.max(0, Math.min(changedAt + quietMs, since + longestMs) - now);
  }
}
