import type { FleetName } from './brands.ts';
import type { InputPart } from './input-parts.ts';
import { type InputField, inputField, rulesOfField } from './inputs.ts';
import { parseJsonObject } from './json.ts';
import type { Problem } from './problem.ts';

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

/** Undefined for what another version wrote and this one does not know. */
export function parseHold(text: string): FleetHold | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  const { since, missing, reason } = parsed.value;
  if (typeof since !== 'string' || typeof reason !== 'string' || !Array.isArray(missing)) return undefined;
  return { since, reason, missing: missing.filter((path): path is string => typeof path === 'string') };
}

/** Undefined for what another version wrote and this one does not know. */
export function parseMissing(text: string): MissingSince | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  const { since, isNamed } = parsed.value;
  if (typeof since !== 'string' || Number.isNaN(Date.parse(since))) return undefined;
  return { since, isNamed: isNamed === true };
}

/** The problem that a field holds; undefined for what another version wrote and this one does not know. */
export function parseProblem(text: string): Problem | undefined {
  const parsed = parseJsonObject(text);
  return parsed.ok && typeof parsed.value['object'] === 'string' ? (parsed.value as unknown as Problem) : undefined;
}

/** The problems of a JSON array; none for what another version wrote. */
export function parseProblems(text: string): Problem[] {
  try {
    const all: unknown = JSON.parse(text);
    return Array.isArray(all) ? all.flatMap((one) => parseProblem(JSON.stringify(one)) ?? []) : [];
  } catch {
    return [];
  }
}

/** Why a fleet is held, in words. */
export const holdReason = (fleet: FleetName, missing: readonly string[]): string =>
  missing.length === 0
    ? 'the store lost what the fleet had; all of it is back, and it goes on when the store has come to rest'
    : `the store lost what the fleet had, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} still missing; ` +
      `everything stays as it was until all of it is back, or until "flotilla release --fleet ${fleet}" says that the store is right`;
