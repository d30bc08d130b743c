import { pause } from './deadline.ts';

/** Exponential delays with full jitter in the upper half, from `firstMs` up to `maxMs`; `reset` after a success. */
export class Backoff {
  #attempt = 0;
  constructor(
    readonly firstMs: number,
    readonly maxMs: number,
  ) {}

  nextMs(): number {
    const whole = Math.min(this.maxMs, this.firstMs * 2 ** this.#attempt++);
    return whole / 2 + (Math.random() * whole) / 2;
  }

  wait(signal?: AbortSignal): Promise<void> {
    return pause(this.nextMs(), signal);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
