import type { Answer, RenderResult, Version } from '@flotilla/domain';
import type { RenderJob } from '@flotilla/queue';

/** How long a version's line waits for nodes that have not answered. */
const patienceMs = 5_000;

interface Told {
  readonly job: RenderJob;
  readonly result: RenderResult;
  readonly answers: Answer[];
  readonly timer: NodeJS.Timeout;
}

/** Tells each change in one line: what changed → job → version → nodes. */
export class Narrator {
  readonly #open = new Map<Version, Told>();
  readonly #early: Answer[] = [];
  readonly #problems = new Set<string>();

  constructor(
    readonly nodes: number,
    readonly print: (line: string) => void,
  ) {}

  job(job: RenderJob): void {
    const { result, reason } = job;
    if (!result) {
      this.print(`job ${job.id} FAILED, everything stays as it was: ${reason ?? 'no reason given'}`);
      return;
    }
    this.#tellProblems(result.problems);
    if (result.kind !== 'published' || result.version === null) return;
    const { version } = result;
    const timer = setTimeout(() => {
      this.#close(version);
    }, patienceMs);
    this.#open.set(version, { job, result, answers: [], timer });
    for (const answer of this.#early.splice(0)) this.answer(answer);
  }

  answer(answer: Answer): void {
    const told = this.#open.get(answer.artifact.version);
    if (told?.result.digest !== answer.artifact.digest) {
      // A node may be faster than the queue's event.
      this.#early.push(answer);
      if (this.#early.length > 100) this.#early.shift();
      return;
    }
    told.answers.push(answer);
    if (told.answers.length >= this.nodes) this.#close(answer.artifact.version);
  }

  close(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
  }

  #close(version: Version): void {
    const told = this.#open.get(version);
    if (!told) return;
    this.#open.delete(version);
    clearTimeout(told.timer);
    const { job, result, answers } = told;
    const nodes = answers.map(tellAnswer).sort();
    if (answers.length < this.nodes)
      nodes.push(`${this.nodes - answers.length} of ${this.nodes} nodes did not answer yet`);
    this.print(
      `${tellChanges(result)} → job ${job.id} → version ${version} (${tellSteps(result.stagesMs)}) → ${nodes.join('; ')}`,
    );
  }

  #tellProblems(problems: readonly string[]): void {
    for (const problem of problems) if (!this.#problems.has(problem)) this.print(`set aside: ${problem}`);
    this.#problems.clear();
    for (const problem of problems) this.#problems.add(problem);
  }
}

function tellChanges({ changes, changeCount, revision }: RenderResult): string {
  const names = [...new Set(changes.map(({ object }) => object))];
  const more = changeCount - Math.min(names.length, 2);
  return `revision ${revision}: ${names.slice(0, 2).join(', ') || 'everything'}${names.length > 2 ? ` and ${more} more` : ''}`;
}

function tellAnswer(answer: Answer): string {
  const { total = 0 } = answer.stepsMs;
  if (answer.kind === 'nack') return `${answer.node} REFUSED it: ${answer.reason}`;
  const { how } = answer;
  switch (how.kind) {
    case 'runtime':
      return `${answer.node} ${how.operations} runtime commands, ${Math.round(total)} ms`;
    case 'reload':
      return `${answer.node} reload (${how.why}), ${Math.round(total)} ms`;
    default:
      return `${answer.node} ${how.kind}, ${Math.round(total)} ms`;
  }
}

const tellSteps = (steps: Readonly<Record<string, number>>): string =>
  Object.entries(steps)
    .filter(([, ms]) => ms >= 0.5)
    .map(([name, ms]) => `${name} ${Math.round(ms)} ms`)
    .join(', ');
