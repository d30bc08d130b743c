import { FlotillaError, reasonOf } from '@flotilla/domain';
import { type Check, type Logger, pause } from '@flotilla/runtime';

/** Says what is wrong, or nothing. One that throws could not look: what was known before stands. */
export type Look = () => Promise<string | undefined>;

/** Thrown for a job that failed while its renderer was in trouble: another renderer may do it. */
export class OwnTroubleError extends FlotillaError {
  constructor(reason: string) {
    super('own-trouble', reason);
  }
}

const lookEveryMs = 5_000;

/**
 * Trouble of this renderer itself, which would fail the jobs that another one can do: by the check of `/readyz` that
 * tells of it, how to look for it. All is looked at now and then, and whenever a job failed.
 */
export class OwnTrouble {
  readonly #looks: ReadonlyMap<string, Look>;
  readonly #log: Logger;
  readonly #found = new Map<string, string>();
  readonly #ending = new AbortController();
  #onLook: (isThere: boolean) => void = () => undefined;
  #looking: Promise<unknown> = Promise.resolve();

  constructor(looks: Readonly<Record<string, Look>>, log: Logger) {
    this.#looks = new Map(Object.entries(looks));
    this.#log = log;
  }

  get checks(): Readonly<Record<string, Check>> {
    return Object.fromEntries([...this.#looks.keys()].map((check) => [check, () => this.#found.get(check)]));
  }

  /** Looks now, after a look that is under way, and says what is wrong; undefined when nothing is. */
  look(): Promise<string | undefined> {
    const looking = this.#looking.then(async () => {
      await Promise.all([...this.#looks].map(([check, look]) => this.#lookAt(check, look)));
      this.#onLook(this.#found.size > 0);
      return this.#found.size === 0 ? undefined : [...this.#found.values()].join('; ');
    });
    this.#looking = looking;
    return looking;
  }

  /** Goes on looking until it is closed. Each look tells what it found, so that what was missed once is made good. */
  watch(onLook: (isThere: boolean) => void): void {
    this.#onLook = onLook;
    onLook(this.#found.size > 0);
    void this.#watch(this.#ending.signal);
  }

  close(): void {
    this.#onLook = () => undefined;
    this.#ending.abort();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(lookEveryMs, signal);
      if (signal.aborted) return;
      await this.look();
    }
  }

  async #lookAt(check: string, look: Look): Promise<void> {
    try {
      this.#note(check, await look());
    } catch (error) {
      this.#log.debug({ check, reason: reasonOf(error) }, 'this renderer could not look for trouble of its own');
    }
  }

  #note(check: string, reason: string | undefined): void {
    const isNew = reason !== undefined && !this.#found.has(check);
    if (isNew) this.#log.error({ check, reason }, 'this renderer is in trouble and takes no jobs until that ends');
    if (reason !== undefined) this.#found.set(check, reason);
    else if (this.#found.delete(check)) this.#log.info({ check }, 'the trouble of this renderer ended');
  }
}
