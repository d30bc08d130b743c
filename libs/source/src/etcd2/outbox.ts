import type { Change, SourceEvent, StoredObject } from '@flotilla/domain';

/**
 * What arrived since the consumer last asked: at most one state, and after it the newest change of each path.
 *
 * However slow the consumer is, it holds no more than one entry for each object.
 */
export class Outbox {
  #state: SourceEvent | undefined;
  #changes = new Map<string, Change>();
  #index = 0;
  #wake: (() => void) | undefined;

  /** A full state; it covers everything that was still waiting. */
  state(objects: readonly StoredObject[], index: number): void {
    this.#state = { kind: 'state', objects, index };
    this.#changes = new Map();
    this.#index = index;
    this.#wake?.();
  }

  change(change: Change): void {
    merge(this.#changes, change);
    this.#index = Math.max(this.#index, change.index);
    this.#wake?.();
  }

  /** The next event; undefined once the signal is aborted. One caller at a time. */
  async take(signal: AbortSignal): Promise<SourceEvent | undefined> {
    while (!signal.aborted) {
      const next = this.#next();
      if (next) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', this.#wake, { once: true });
      }).finally(() => {
        if (this.#wake) signal.removeEventListener('abort', this.#wake);
        this.#wake = undefined;
      });
    }
    return undefined;
  }

  #next(): SourceEvent | undefined {
    const state = this.#state;
    if (state) {
      this.#state = undefined;
      return state;
    }
    if (this.#changes.size === 0) return undefined;
    const changes = [...this.#changes.values()];
    this.#changes = new Map();
    return { kind: 'changes', changes, index: this.#index };
  }
}

/** Puts a change behind those of a batch and drops what it makes void: the path's older change, or all below it. */
export function merge(batch: Map<string, Change>, change: Change): void {
  // Deleting first moves the path to the end: the order of directory deletes and later writes is kept.
  batch.delete(change.path);
  if (change.kind === 'delete' && isDirectory(change.path)) {
    for (const path of batch.keys()) if (path.startsWith(`${change.path}/`)) batch.delete(path);
  }
  batch.set(change.path, change);
}

/** Objects stand at `<resource>/<namespace>/<name>`. */
const isDirectory = (path: string): boolean => path.split('/').length < 3;
