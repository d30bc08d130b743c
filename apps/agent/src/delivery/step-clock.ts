/** Milliseconds of each step of one delivery, in the order they ran; a step that runs twice adds up. */
export class StepClock {
  readonly #began = performance.now();
  readonly #steps = new Map<string, number>();

  async time<T>(name: string, work: () => T | Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.add(name, performance.now() - began);
    }
  }

  add(name: string, ms: number): void {
    this.#steps.set(name, (this.#steps.get(name) ?? 0) + ms);
  }

  /** Every step and `total`, the time since the delivery began. */
  stepsMs(): Record<string, number> {
    const steps = [...this.#steps, ['total', performance.now() - this.#began] as const];
    return Object.fromEntries(steps.map(([name, ms]) => [name, Math.round(ms * 100) / 100]));
  }
}
