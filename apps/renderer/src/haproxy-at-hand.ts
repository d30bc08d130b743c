import { reasonOf } from '@flotilla/domain';
import { haproxyVersion } from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';

const lookEveryMs = 10_000;

/**
 * Whether there is a HAProxy to check with. A renderer starts without one, and fails the jobs that it takes until there
 * is; another renderer may do them, so that is trouble of the renderer itself.
 */
export class HaproxyAtHand {
  readonly #timer: NodeJS.Timeout;
  #version: string | undefined;
  #problem: string | undefined;
  #isLooking = false;

  constructor(
    readonly binary: string,
    readonly log: Logger,
  ) {
    this.#timer = setInterval(() => void this.look(), lookEveryMs).unref();
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { binary, log } = this;
    try {
      const version = await haproxyVersion(binary);
      if (version !== this.#version || this.#problem !== undefined) log.info({ binary, version }, 'HAProxy for checks');
      this.#version = version;
      this.#problem = undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#problem === undefined)
        log.error({ reason }, 'no configuration can be checked, so none will be published');
      this.#problem = reason;
    } finally {
      this.#isLooking = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
