import type { Change, Source, SourceEvent } from '@flotilla/domain';

/** A store in memory that several watchers can follow, each with a stream of its own. */
export class ListedStore {
  readonly objects = new Map<string, { text: string; index: number }>();
  readonly #streams = new Set<{ events: SourceEvent[]; wake: () => void }>();
  #index = 0;

  put(path: string, value: unknown): void {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    this.objects.set(path, { text, index: ++this.#index });
    this.#tell({ kind: 'put', path, text, index: this.#index });
  }

  del(path: string): void {
    this.objects.delete(path);
    this.#tell({ kind: 'delete', path, index: ++this.#index });
  }

  /** Empties it for those who come; nobody who is there is told. */
  clear(): void {
    this.objects.clear();
  }

  /** A source; `isCurrent` says whether it can follow the store. */
  source(isCurrent: () => boolean = () => true): Source {
    const status = () => ({
      synced: isCurrent(),
      problem: isCurrent() ? undefined : 'the store is away',
      index: this.#index,
      resyncs: 0,
    });
    return {
      follow: (signal) => this.#follow(signal),
      get status() {
        return status();
      },
    };
  }

  async *#follow(signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    const objects = Array.from(this.objects, ([path, { text, index }]) => ({ path, text, index }));
    const stream = { events: [{ kind: 'state', objects, index: this.#index }] as SourceEvent[], wake: () => undefined };
    this.#streams.add(stream);
    signal.addEventListener('abort', () => stream.wake());
    while (!signal.aborted) {
      const next = stream.events.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (stream.wake = resolve as () => undefined));
    }
    this.#streams.delete(stream);
  }

  #tell(change: Change): void {
    for (const stream of this.#streams) {
      stream.events.push({ kind: 'changes', changes: [change], index: change.index });
      stream.wake();
    }
  }
}
