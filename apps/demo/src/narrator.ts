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
  /** Answers to versions of which no job told yet: a node may be faster than the queue's event. */
  readonly #early = new Map<Version, { readonly answers: Answer[]; readonly timer: NodeJS.Timeout }>();
  readonly #problems = new Set<string>();
  #hasFailed = false;

  constructor(
    readonly nodes: number,
    readonly print: (line: string) => void,
  ) {}

  job(job: RenderJob): void {
    const { result, reason } = job;
    if (!result) {
      this.#hasFailed = true;
      this.print(`job ${job.id} FAILED, everything stays as it was: ${reason ?? 'no reason given'}`);
      return;
    }
    this.#tellProblems(result.problems);
    const isMended = this.#hasFailed && result.kind !== 'superseded';
    if (isMended) this.#hasFailed = false;
    const { version } = result;
    if (result.kind !== 'published' || version === null) {
      if (isMended) this.print(`${tellChanges(result)} → job ${job.id} → mended: version ${version} says the same`);
      return;
    }
    const timer = setTimeout(() => {
      this.#close(version);
    }, patienceMs);
    this.#open.set(version, { job, result, answers: [], timer });
    const early = this.#early.get(version);
    clearTimeout(early?.timer);
    this.#early.delete(version);
    for (const answer of early?.answers ?? []) this.answer(answer);
  }

  answer(answer: Answer): void {
    const { version, digest } = answer.artifact;
    const told = this.#open.get(version);
    if (told?.result.digest !== digest) {
      const early = this.#early.get(version) ?? { answers: [], timer: this.#waitForJob(version) };
      early.answers.push(answer);
      this.#early.set(version, early);
      return;
    }
    told.answers.push(answer);
    if (told.answers.length >= this.nodes) this.#close(answer.artifact.version);
  }

  close(): void {
    for (const { timer } of [...this.#open.values(), ...this.#early.values()]) clearTimeout(timer);
  }

  /** A version that no job made is an older one that came back, because HAProxy refused what had gone out unchecked. */
  #waitForJob(version: Version): NodeJS.Timeout {
    return setTimeout(() => {
      const { answers = [] } = this.#early.get(version) ?? {};
      this.#early.delete(version);
      this.print(`taken back: version ${version} is in force → ${answers.map(tellAnswer).sort().join('; ')}`);
    }, patienceMs);
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
