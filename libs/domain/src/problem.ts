import { z } from 'zod';
import { timeSchema } from './schema.ts';

/** One bad entry that was set aside: which object, which key in it, and why. Never holds the value itself. */
export interface Problem {
  /** `configmaps/<namespace>/<name>` and the like. */
  readonly object: string;
  /** The key in the object's data, where it is about one. */
  readonly key?: string;
  readonly code: ProblemCode;
  readonly reason: string;
  /** Of an entry: what is in force in its place. */
  readonly serves?: 'last-good' | 'nothing';
  /** When the last good value ends, ISO 8601: the entry is missing. It does not end of an entry that is there. */
  readonly until?: string;
}

const problemCodes = [
  'not-json',
  'bad-object',
  'missing',
  'bad-service',
  'bad-template',
  'bad-certificate',
  'bad-name',
  'bad-pod',
] as const;

export type ProblemCode = (typeof problemCodes)[number];

export const problemSchema = z.object({
  object: z.string(),
  key: z.exactOptional(z.string()),
  code: z.enum(problemCodes),
  reason: z.string(),
  serves: z.exactOptional(z.enum(['last-good', 'nothing'])),
  until: z.exactOptional(timeSchema),
});

export const formatProblem = ({ object, key, reason }: Problem): string =>
  key === undefined ? `${object}: ${reason}` : `${object}, key "${key}": ${reason}`;
