import type { Change, StoredObject } from '@flotilla/domain';

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

  /** Takes note of a change; false when it is older than what is known, or deletes what is not there. */
  accept(change: Change): boolean {
    if (change.kind === 'delete') return this.#delete(change);
    if (change.index <= (this.#indexes.get(change.path) ?? -1)) return false;
    this.#indexes.set(change.path, change.index);
    return true;
  }

  /** A listing takes the place of everything; returns the paths it no longer has. */
  replace(objects: readonly StoredObject[]): string[] {
    const before = this.#indexes;
    this.#indexes = new Map(objects.map(({ path, index }) => [path, index]));
    return [...before.keys()].filter((path) => !this.#indexes.has(path));
  }

  #delete({ path, index }: Change): boolean {
    const own = this.#indexes.get(path);
    if (own !== undefined) return index > own && this.#indexes.delete(path);
    let found = false;
    for (const [below, known] of this.#indexes) {
      if (!below.startsWith(`${path}/`) || known >= index) continue;
      this.#indexes.delete(below);
      found = true;
    }
    return found;
  }
}
