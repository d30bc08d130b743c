import { withDeadline } from './deadline.ts';

/** Everything that was opened, closed in reverse order, once, each within a deadline. */
export class ReleaseStack {
  readonly #releases: { what: string; release: () => unknown; deadlineMs: number }[] = [];
  #closing: Promise<readonly ReleaseFault[]> | undefined;

  constructor(
    /** For each thing to close that has no other. */
    readonly deadlineMs = 10_000,
  ) {}

  /** Registers how a thing is closed; it returns the thing. What is opened after the end began is closed at once. */
  add<Thing>(thing: Thing, what: string, release: (thing: Thing) => unknown, deadlineMs = this.deadlineMs): Thing {
    this.#releases.push({ what, release: () => release(thing), deadlineMs });
    if (this.#closing) this.#closing = this.#closing.then(async (faults) => [...faults, ...(await this.#closeAll())]);
    return thing;
  }

  /** Closes everything, also when one of them fails; says what failed. A second call waits for the first. */
  close(): Promise<readonly ReleaseFault[]> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<readonly ReleaseFault[]> {
    const faults: ReleaseFault[] = [];
    for (let next = this.#releases.pop(); next; next = this.#releases.pop()) {
      const { what, release, deadlineMs } = next;
      try {
        await withDeadline(Promise.resolve(release()), deadlineMs, `closing ${what}`);
      } catch (error) {
        faults.push({ what, error });
      }
    }
    return faults;
  }
}

export interface ReleaseFault {
  readonly what: string;
  readonly error: unknown;
}
