import type { EtcdChange, EtcdObject, StoreChange } from './changes.ts';

/**
 * The objects of one subtree that the consumer has been told of: path → modifiedIndex, no values.
 *
 * It keeps an older event from overwriting newer state, and tells after a new listing what was deleted meanwhile.
 */
export class KnownObjects {
  #indexes = new Map<string, number>();

  get size(): number {
    return this.#indexes.size;
  }

  /**
   * Takes note of what etcd did, and gives the changes of single objects that it means: none when it is older than what
   * is known, or deletes what is not there.
   */
  accept(change: StoreChange): EtcdChange[] {
    const { path, index } = change;
    if (change.kind === 'delete-below') {
      return [...this.#indexes.keys()]
        .filter((each) => each.startsWith(`${path}/`))
        .flatMap((each) => this.accept({ kind: 'delete', path: each, index }));
    }
    const known = this.#indexes.get(path);
    const isNews = known === undefined ? change.kind === 'put' : index > known;
    if (!isNews) return [];
    if (change.kind === 'put') this.#indexes.set(path, index);
    else this.#indexes.delete(path);
    return [change];
  }

  /** A listing takes the place of everything; returns the paths it no longer has. */
  replace(objects: readonly EtcdObject[]): string[] {
    const before = this.#indexes;
    this.#indexes = new Map(objects.map(({ path, index }) => [path, index]));
    return [...before.keys()].filter((path) => !this.#indexes.has(path));
  }
}
