import { z } from 'zod';
import type { FleetName } from './brands.ts';
import type { InputPart } from './input-parts.ts';
import { type InputField, inputField, rulesOfField } from './inputs.ts';
import { parseJsonArray } from './json.ts';
import { type Problem, problemSchema } from './problem.ts';
import { parseAs, readValue, timeSchema } from './schema.ts';

/**
 * A fleet's inputs stay as they are, whatever the store says, until the store has all again that the fleet had, or
 * until an operator releases it. One field of the fleet's inputs, `hold`: whoever leads goes on with it.
 */
export interface FleetHold {
  /** When it began, ISO 8601. It is also the hold's name: a release is for the hold that bears this one. */
  readonly since: string;
  /** What the fleet had and the store has not: paths of objects, and `pods` when there is none of its pods. */
  readonly missing: readonly string[];
  /** In words: what is missing, and what to do. */
  readonly reason: string;
}

/**
 * Something of a fleet was deleted and serves on for a while, as deleting and creating again is how many people change
 * an object. A field of the fleet's inputs, `missing/<part>[/<name>]`, so that its time runs on over restarts and
 * whoever leads.
 */
export interface MissingSince {
  /** When it was noticed, ISO 8601. */
  readonly since: string;
  /** Of a certificate: a service entry named it then. It goes when none does any more. */
  readonly isNamed: boolean;
}

export const holdField: InputField = inputField('hold');
/** What is missing and serves on: all of a part, or one entry of it. */
export const missingField = (part: InputPart, ...name: string[]): InputField => inputField('missing', part, ...name);

/** Whether a field tells about the inputs, and is none of what a template sees. */
export const isNoteField = (field: InputField): boolean => rulesOfField(field).madeBy === 'watcher';

const holdSchema = z.object({ since: z.string(), missing: z.array(z.string()), reason: z.string() });
const missingSchema = z.object({ since: timeSchema, isNamed: z.boolean().catch(false) });

/** Undefined for what another version wrote and this one does not know. */
export const parseHold = (text: string): FleetHold | undefined => parseAs(holdSchema, text);

/** Undefined for what another version wrote and this one does not know. */
export const parseMissing = (text: string): MissingSince | undefined => parseAs(missingSchema, text);

/** The problem that a field holds; undefined for what another version wrote and this one does not know. */
export const parseProblem = (text: string): Problem | undefined => parseAs(problemSchema, text);

/** The problems of a JSON array; one that another version wrote is left out. */
export function parseProblems(text: string): Problem[] {
  return parseJsonArray(text).flatMap((one) => {
    const read = readValue(problemSchema, one);
    return read.ok ? [read.value] : [];
  });
}

/** Why a fleet is held, in words. */
export const holdReason = (fleet: FleetName, missing: readonly string[]): string =>
  missing.length === 0
    ? 'the store lost what the fleet had; all of it is back, and it goes on when the store has come to rest'
    : `the store lost what the fleet had, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} still missing; ` +
      `everything stays as it was until all of it is back, or until "flotilla release --fleet ${fleet}" says that the store is right`;
