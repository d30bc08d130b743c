import { type Change, type Source, type SourceEvent, type SourcePosition, sourcePosition } from '@flotilla/domain';

/** A store in memory that several watchers can follow, each with a stream of its own. */
export class ListedStore {
  readonly objects = new Map<string, { text: string; position: SourcePosition }>();
  readonly #streams = new Set<{ events: SourceEvent[]; wake: () => void }>();
  #count = 0;

  put(path: string, value: unknown): void {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const position = this.#next();
    this.objects.set(path, { text, position });
    this.#tell({ kind: 'put', path, text, position });
  }

  del(path: string): void {
    this.objects.delete(path);
    this.#tell({ kind: 'delete', path, position: this.#next() });
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
      position: this.#position,
      resyncs: 0,
    });
    return {
      comesBefore: (a, b) => Number(a) < Number(b),
      follow: (signal) => this.#follow(signal),
      get status() {
        return status();
      },
    };
  }

  async *#follow(signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    const objects = Array.from(this.objects, ([path, object]) => ({ path, ...object }));
    const state: SourceEvent = { kind: 'state', objects, position: this.#position };
    const stream = { events: [state], wake: () => undefined };
    this.#streams.add(stream);
    signal.addEventListener('abort', () => stream.wake());
    while (!signal.aborted) {
      const next = stream.events.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (stream.wake = resolve as () => undefined));
    }
    this.#streams.delete(stream);
  }

  get #position(): SourcePosition {
    return sourcePosition(String(this.#count));
  }

  #next(): SourcePosition {
    this.#count++;
    return this.#position;
  }

  #tell(change: Change): void {
    for (const stream of this.#streams) {
      stream.events.push({ kind: 'changes', changes: [change], position: change.position });
      stream.wake();
    }
  }
}
