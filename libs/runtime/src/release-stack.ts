import { withDeadline } from './deadline.ts';

/** Everything that was opened, closed in reverse order, once, each within a deadline. */
export class ReleaseStack {
  readonly #releases: { what: string; release: () => unknown }[] = [];
  #closing: Promise<readonly ReleaseFault[]> | undefined;

  /** Registers how a thing is closed; it returns the thing. */
  add<Thing>(thing: Thing, what: string, release: (thing: Thing) => unknown): Thing {
    this.#releases.push({ what, release: () => release(thing) });
    return thing;
  }

  /** Closes everything, also when one of them fails; says what failed. A second call waits for the first. */
  close(deadlineMs = 10_000): Promise<readonly ReleaseFault[]> {
    this.#closing ??= this.#closeAll(deadlineMs);
    return this.#closing;
  }

  async #closeAll(deadlineMs: number): Promise<readonly ReleaseFault[]> {
    const faults: ReleaseFault[] = [];
    for (let next = this.#releases.pop(); next; next = this.#releases.pop()) {
      const { what, release } = next;
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
