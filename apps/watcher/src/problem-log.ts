import { type InputField, formatProblem, isFieldOf, parseProblem } from '@flotilla/domain';
import type { Logger } from '@flotilla/runtime';

/** Tells problems in the log when they appear and when they are mended, each once. */
export class ProblemLog {
  #told = new Map<InputField, string>();

  constructor(
    readonly fleet: string,
    readonly log: Logger,
  ) {}

  /** Takes a fleet's fields; returns how many problems there are. */
  update(fields: Iterable<readonly [InputField, string]>): number {
    const now = new Map<InputField, string>();
    for (const [field, text] of fields) if (isFieldOf('problem', field)) now.set(field, text);
    for (const [field, text] of now) {
      if (this.#told.get(field) !== text) this.log.warn({ fleet: this.fleet, problem: wordsOf(text) }, 'set aside');
    }
    for (const [field, text] of this.#told) {
      if (!now.has(field)) this.log.info({ fleet: this.fleet, problem: wordsOf(text) }, 'mended');
    }
    this.#told = now;
    return now.size;
  }
}

function wordsOf(text: string): string {
  const problem = parseProblem(text);
  return problem ? formatProblem(problem) : 'a problem that cannot be read';
}
