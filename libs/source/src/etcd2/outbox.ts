import type { Change, SourceEvent, StoredObject } from '@flotilla/domain';
import type { EtcdChange, EtcdObject } from './changes.ts';
import { positionAt } from './position.ts';

/**
 * What arrived since the consumer last asked: at most one state, and after it the newest change of each object.
 *
 * However slow the consumer is, it holds no more than one entry for each object.
 */
export class Outbox {
  #state: SourceEvent | undefined;
  #changes = new Map<string, EtcdChange>();
  #index = 0;
  #wake: (() => void) | undefined;

  /** A full state; it covers everything that was still waiting. */
  state(objects: readonly EtcdObject[], index: number): void {
    this.#state = { kind: 'state', objects: objects.map(objectOf), position: positionAt(index) };
    this.#changes = new Map();
    this.#index = index;
    this.#wake?.();
  }

  change(change: EtcdChange): void {
    // Deleting first moves the path to the end: the changes are told in their order.
    this.#changes.delete(change.path);
    this.#changes.set(change.path, change);
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
    const changes = Array.from(this.#changes.values(), changeOf);
    this.#changes = new Map();
    return { kind: 'changes', changes, position: positionAt(this.#index) };
  }
}

const objectOf = ({ path, text, index }: EtcdObject): StoredObject => ({ path, text, position: positionAt(index) });

const changeOf = (change: EtcdChange): Change =>
  change.kind === 'put'
    ? { kind: 'put', ...objectOf(change) }
    : { kind: 'delete', path: change.path, position: positionAt(change.index) };
