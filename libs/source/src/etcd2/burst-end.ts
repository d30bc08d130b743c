/**
 * etcd holds this many events for a stream. When one more comes it forgets the stream, but neither ends it nor says so
 * (etcd's `watcher.notify` of the v2 store, seen on 3.4): what was held still arrives, and then nothing ever again.
 */
const heldByEtcd = 100;
/** A stream that was silent for so long after a burst has brought what etcd held for it. */
const quietMs = 100;

/** Tells when a stream falls silent after as many events as it may have been dropped for. */
export class BurstEnd {
  readonly #onEnd: () => void;
  #events = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  event(): void {
    this.#events++;
    if (this.#events < heldByEtcd) return;
    if (this.#timer) this.#timer.refresh();
    else
      this.#timer = setTimeout(() => {
        this.reset();
        this.#onEnd();
      }, quietMs);
  }

  /** Counts anew. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events = 0;
  }
}
