import type { Stage } from './render-failure.ts';

/** Times the stages of one render. A stage that runs again adds up. */
export class StageClock {
  readonly #stagesMs: Partial<Record<Stage, number>> = {};
  /** The stage that runs, or ran last. */
  stage: Stage = 'read';

  async time<T>(stage: Stage, work: () => T | Promise<T>): Promise<T> {
    this.stage = stage;
    const begin = performance.now();
    try {
      return await work();
    } finally {
      const tookMs = performance.now() - begin;
      this.#stagesMs[stage] = Math.round(((this.#stagesMs[stage] ?? 0) + tookMs) * 100) / 100;
    }
  }

  /** Milliseconds by stage. */
  get stagesMs(): Readonly<Record<string, number>> {
    return { ...this.#stagesMs };
  }
}
