import type { Drift } from '@flotilla/haproxy';

/**
 * Drift that a reload did not cure. HAProxy reads or shows something otherwise than it is understood here, and another
 * reload would end the same: it is told as the node's trouble, and the worker is left alone, until the drift is another
 * or the version is.
 */
export class LastingDrift {
  #release: string | undefined;
  /** What a reload was asked for because of. */
  #reloadedFor = new Set<string>();
  #lasting = new Set<string>();

  /**
   * Takes what a look found and gives back what is to be mended. `isWhole`: the look compared everything, so that what
   * it did not find is gone.
   */
  sort(release: string, found: readonly Drift[], isWhole: boolean): Drift[] {
    if (release !== this.#release) {
      this.#release = release;
      this.#reloadedFor = new Set();
      this.#lasting = new Set();
    }
    const keys = new Set(found.map(keyOf));
    if (isWhole) {
      this.#reloadedFor = new Set([...this.#reloadedFor].filter((key) => keys.has(key)));
      this.#lasting = new Set();
    }
    for (const key of keys) if (this.#reloadedFor.has(key)) this.#lasting.add(key);
    return found.filter((one) => !this.#reloadedFor.has(keyOf(one)));
  }

  /** HAProxy is reloaded because of this. */
  reloadFor(found: readonly Drift[]): void {
    for (const one of found) this.#reloadedFor.add(keyOf(one));
  }

  get problem(): string | undefined {
    const [first] = this.#lasting;
    if (first === undefined) return undefined;
    const more = this.#lasting.size > 1 ? ` (and ${this.#lasting.size - 1} more)` : '';
    return `haproxy differs from its files, and a reload did not cure it: ${first}${more}`;
  }
}

export const keyOf = ({ what, wanted, found }: Drift): string => `${what}: "${found}" instead of "${wanted}"`;
