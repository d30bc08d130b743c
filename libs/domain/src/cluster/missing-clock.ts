import { type MissingSince, parseMissing } from '../fleet-hold.ts';
import type { InputField, Provenance } from '../inputs.ts';
import type { FieldRecord } from './field-record.ts';

/**
 * What of a fleet is missing in the store and serves on, and since when. The times stand in the fleet's record, so that
 * whoever leads next goes on counting from there.
 */
export class MissingClock {
  readonly #notes = new Map<InputField, MissingSince>();

  constructor(
    readonly record: FieldRecord,
    readonly options: { readonly graceMs: number; readonly now: () => number },
  ) {}

  /** Begins to count, unless it counts already. */
  begin(field: InputField, isNamed: boolean, cause: Provenance): void {
    if (this.#notes.has(field)) return;
    this.#set(field, { since: new Date(this.options.now()).toISOString(), isNamed }, cause);
  }

  /** It is back, or gone for good. */
  end(field: InputField, cause: Provenance): void {
    if (this.#notes.delete(field)) this.record.set(field, undefined, cause);
  }

  /** Counts from what the fleet's record says; text that cannot be read counts as nothing. */
  adopt(field: InputField, text: string | undefined, cause: Provenance): void {
    const note = text === undefined ? undefined : parseMissing(text);
    if (note) this.#set(field, note, cause);
    else this.end(field, cause);
  }

  get(field: InputField): MissingSince | undefined {
    return this.#notes.get(field);
  }

  entries(): [InputField, MissingSince][] {
    return [...this.#notes];
  }

  /** When its time is over, ISO 8601. */
  until({ since }: MissingSince): string {
    return new Date(this.#untilMs(since)).toISOString();
  }

  /** What has been missing for too long. */
  over(): InputField[] {
    const now = this.options.now();
    return this.entries().flatMap(([field, { since }]) => (this.#untilMs(since) <= now ? [field] : []));
  }

  #untilMs(since: string): number {
    return Date.parse(since) + this.options.graceMs;
  }

  #set(field: InputField, note: MissingSince, cause: Provenance): void {
    this.#notes.set(field, note);
    this.record.set(field, JSON.stringify(note), cause);
  }
}
