import type { Epoch, Revision } from './brands.ts';

/**
 * A fleet's inputs as flat fields, so that a change costs what changed:
 *
 * | field | value |
 * | --- | --- |
 * | `config/<key>` | text of one key of the configmap `config` (`template` and files) |
 * | `service/<name>` | the service entry's JSON as the user wrote it |
 * | `pod/<service>/<pod>` | JSON of a ready pod that the service selects |
 * | `certificate/<name>` | PEM certificate chain |
 * | `key/<name>` | PEM private key: sealed in Redis, readable only in a process's memory |
 * | `problem/<object>[/<key>]` | JSON of a Problem: an entry that was set aside |
 * | `missing/<part>[/<name>]` | JSON of a MissingSince: what was deleted and serves on for a while |
 * | `hold` | JSON of a FleetHold, while the fleet is held |
 *
 * Each part is percent-encoded, so a name may hold anything.
 */
export type InputField = string;

export type InputPart = 'config' | 'service' | 'pod' | 'certificate' | 'key' | 'problem' | 'missing' | 'hold';

export const inputField = (part: InputPart, ...names: string[]): InputField => [part, ...names.map(encoded)].join('/');

/** A name in JSON may hold half of a surrogate pair, which cannot be percent-encoded. Such a name is only ever told. */
function encoded(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch {
    return encodeURIComponent(Buffer.from(name).toString());
  }
}

export function parseInputField(field: InputField): { part: InputPart; names: string[] } {
  const [part, ...names] = field.split('/');
  return { part: part as InputPart, names: names.map(decodeURIComponent) };
}

/** Fields whose values are sealed before they reach Redis. */
export const isSealedField = (field: InputField): boolean => field.startsWith('key/');

/** Fields that tell of an entry that was set aside. */
export const isProblemField = (field: InputField): boolean => field.startsWith('problem/');

/** Changed fields: the new value, or null for a field that is gone. */
export type FieldChanges = ReadonlyMap<InputField, string | null>;

/** Which object caused a revision, and at which index of the store. */
export interface Provenance {
  readonly object: string;
  readonly index: number;
}

/** Where a set of inputs stands. */
export interface InputsPosition {
  readonly epoch: Epoch;
  readonly revision: Revision;
}
