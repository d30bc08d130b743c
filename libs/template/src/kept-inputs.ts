import type { FieldChanges, InputField } from '@flotilla/domain';
import { templateValue } from './template-inputs.ts';

type Before = Map<InputField, string | null>;

/**
 * A fleet's inputs as far as templates need them, and what has changed in them since the last render that gave a
 * result: that one's inputs can be told at any time. The texts are shared with whoever gave them.
 */
export class KeptInputs {
  readonly now = new Map<InputField, string>();
  /** Of fields that changed since the last render began, the value they had then; null where there was none. */
  #before: Before = new Map();
  /** The same from the last result to the beginning of the last render. */
  #older: Before = new Map();

  /** Takes changes, and gives back those that matter to templates. */
  change(changes: FieldChanges): [InputField, string | null][] {
    const relevant: [InputField, string | null][] = [];
    for (const [field, value] of changes) {
      const needed = templateValue(field, value);
      const known = this.now.get(field);
      if (needed === undefined || known === (needed ?? undefined)) continue;
      if (!this.#before.has(field)) this.#before.set(field, known ?? null);
      if (needed === null) this.now.delete(field);
      else this.now.set(field, needed);
      relevant.push([field, needed]);
    }
    return relevant;
  }

  /** A render of what is there now begins. */
  begin(): void {
    this.#older = new Map([...this.#before, ...this.#older]);
    this.#before = new Map();
  }

  /** It gave a result. */
  settle(): void {
    this.#older = new Map();
  }

  /** The inputs of the last result, as a copy. */
  rendered(): Map<InputField, string> {
    const inputs = new Map(this.now);
    for (const [field, value] of [...this.#before, ...this.#older]) {
      if (value === null) inputs.delete(field);
      else inputs.set(field, value);
    }
    return inputs;
  }
}
