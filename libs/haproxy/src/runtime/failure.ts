import type { Operation } from '../plan/operation.ts';

/** An operation that HAProxy did not carry out as expected. Everything after it was left out: reload. */
export interface ApplyFailure {
  readonly operation: Operation;
  readonly command: string;
  /** HAProxy's words, or what happened instead of an answer. */
  readonly reply: string;
}

/** Thrown inside the executor to leave it; `applyPlan` turns it into its result. */
export class Refused extends Error {
  readonly failure: ApplyFailure;

  constructor(operation: Operation, command: string, reply: string) {
    super(reply);
    this.failure = { operation, command, reply };
  }
}
