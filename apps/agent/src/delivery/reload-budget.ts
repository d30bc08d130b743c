/**
 * At most one reload in an interval: each leaves an old worker behind until its connections end. The first is made at
 * once; those that fall into the interval after it become one at its end.
 */
export class ReloadBudget {
  #spentAt = -Infinity;

  constructor(readonly intervalMs: number) {}

  /** When the next reload may be made, in the time of `now`; in the past when it may be made at once. */
  get dueAt(): number {
    return this.#spentAt + this.intervalMs;
  }

  spend(now: number): void {
    this.#spentAt = now;
  }
}
