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

export type ProblemCode =
  'not-json' | 'bad-object' | 'missing' | 'bad-service' | 'bad-template' | 'bad-certificate' | 'bad-name' | 'bad-pod';

export const formatProblem = ({ object, key, reason }: Problem): string =>
  key === undefined ? `${object}: ${reason}` : `${object}, key "${key}": ${reason}`;
