export interface HoldTimes {
  /** The store has to be silent so long before it is believed again. */
  readonly quietMs: number;
  /** It is believed after so long, silent or not. */
  readonly longestMs: number;
}

/**
 * Whether a fleet is written.
 *
 * ```
 * free ──the store holds none of its configmaps──▶ held ──one is back──▶ settling ──silence──▶ free
 *                                                    ▲                      │
 *                                                    └──────gone again──────┘
 * ```
 *
 * A store that lost its data is filled again object by object. What it holds in between is no state that anybody meant:
 * a template without services, services without pods. So the first state that is written is the one it comes to rest at.
 */
export class Hold {
  readonly #times: HoldTimes;
  #isHeld = false;
  #settling: { readonly since: number; changedAt: number } | undefined;

  constructor(times: HoldTimes) {
    this.#times = times;
  }

  /** A change came. */
  changed(now: number): void {
    if (this.#settling) this.#settling.changedAt = now;
  }

  /** What holds now, when the model says whether it is held. */
  update(isHeld: boolean, now: number): 'free' | 'held' | 'settling' {
    if (isHeld) this.#settling = undefined;
    else if (this.#isHeld) this.#settling = { since: now, changedAt: now };
    this.#isHeld = isHeld;
    if (isHeld) return 'held';
    if (this.leftMs(now) === 0) this.#settling = undefined;
    return this.#settling ? 'settling' : 'free';
  }

  /** How long it settles at least; 0 when it does not. */
  leftMs(now: number): number {
    if (!this.#settling) return 0;
    const { since, changedAt } = this.#settling;
    const { quietMs, longestMs } = this.#times;
    return Math.max(0, Math.min(changedAt + quietMs, since + longestMs) - now);
  }
}
