/** Exit codes that scripts can rely on; from 64 on as in sysexits.h. */
export const exitCodes = {
  ok: 0,
  /** The answer is no: a template fails, HAProxy refuses, a test does not hold, a node is not where it should be. */
  no: 1,
  /** Wrong arguments, or a setting that is missing or refused. */
  usage: 64,
  /** What was named is not there or cannot be read: manifests, a test file, a version, a node. */
  noInput: 66,
  /** Redis cannot be used. */
  unavailable: 69,
  internal: 70,
  /** What is in Redis was sealed with another key. */
  wrongKey: 77,
} as const;

/** What a command has to say: for people as lines, for programs (`--json`) as a value. */
export interface Outcome {
  readonly code: number;
  /** For standard output. */
  readonly lines: readonly string[];
  /** For standard error: what is said about the lines and must not end up in a file with them. */
  readonly notes?: readonly string[];
  readonly json: unknown;
}
