import { z } from 'zod';
import type { Epoch, Revision } from './brands.ts';
import { type InputPart, rulesOf } from './input-parts.ts';
import { parseJsonArray } from './json.ts';
import { readValue } from './schema.ts';
import { type SourcePosition, sourcePosition } from './source.ts';

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
 * What holds for each part stands in `input-parts.ts`. Names are percent-encoded, so one may hold anything.
 */
export type InputField = string;

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

/** What holds for a field, by its part. */
export const rulesOfField = (field: InputField): ReturnType<typeof rulesOf> => rulesOf(partOf(field));

/** Fields of one part. */
export const isFieldOf = (part: InputPart, field: InputField): boolean => partOf(field) === part;

function partOf(field: InputField): string {
  const end = field.indexOf('/');
  return end < 0 ? field : field.slice(0, end);
}

/** Changed fields: the new value, or null for a field that is gone. */
export type FieldChanges = ReadonlyMap<InputField, string | null>;

/** Which object caused a revision, and at which position of the source. */
export interface Provenance {
  readonly object: string;
  readonly position: SourcePosition;
}

export const provenanceSchema = z
  // The release before had a number, under another name.
  .object({ object: z.string(), position: z.string().optional(), index: z.number().optional() })
  .transform(({ object, position, index }): Provenance => ({
    object,
    position: sourcePosition(position ?? `${index ?? ''}`),
  }));

/** A JSON array of them; what is none is left out. */
export function parseProvenance(text: string): Provenance[] {
  return parseJsonArray(text).flatMap((one) => {
    const read = readValue(provenanceSchema, one);
    return read.ok ? [read.value] : [];
  });
}

/** Where a set of inputs stands. */
export interface InputsPosition {
  readonly epoch: Epoch;
  readonly revision: Revision;
}
