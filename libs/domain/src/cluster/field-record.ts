import type { FieldChanges, InputField, Provenance } from '../inputs.ts';
import type { SourcePosition } from '../source.ts';

export interface TakenChanges {
  readonly changes: FieldChanges;
  /** What caused them, oldest first, each object once with its newest position. */
  readonly provenance: readonly Provenance[];
}

/** A fleet's fields, and which of them differ from what was last taken. */
export class FieldRecord {
  readonly #fields = new Map<InputField, string>();
  /** The value at the last take of every field touched since. */
  #before = new Map<InputField, string | undefined>();
  #causes = new Map<string, SourcePosition>();

  get(field: InputField): string | undefined {
    return this.#fields.get(field);
  }

  /** Sets or, with undefined, removes a field. */
  set(field: InputField, value: string | undefined, cause: Provenance): void {
    const old = this.#fields.get(field);
    if (old === value) return;
    if (!this.#before.has(field)) this.#before.set(field, old);
    if (value === undefined) this.#fields.delete(field);
    else this.#fields.set(field, value);
    // Deleting first moves the object to the end: the newest cause stands last.
    this.#causes.delete(cause.object);
    this.#causes.set(cause.object, cause.position);
  }

  /**
   * What changed since the last take; a field that came and went, or changed and changed back, is not among it.
   * With `only`, what it does not want is left for a later take, and what caused that as well.
   */
  take(only: (field: InputField) => boolean = () => true): TakenChanges {
    const changes = new Map<InputField, string | null>();
    const left = new Map<InputField, string | undefined>();
    for (const [field, old] of this.#before) {
      const value = this.#fields.get(field);
      if (value === old) continue;
      if (only(field)) changes.set(field, value ?? null);
      else left.set(field, old);
    }
    const provenance = Array.from(this.#causes, ([object, position]) => ({ object, position }));
    this.#before = left;
    if (left.size === 0) this.#causes = new Map();
    return { changes, provenance };
  }

  get touched(): boolean {
    return this.#before.size > 0;
  }

  get size(): number {
    return this.#fields.size;
  }

  entries(): IterableIterator<[InputField, string]> {
    return this.#fields.entries();
  }
}
