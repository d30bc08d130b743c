import {
  type BundleFile,
  type FieldChanges,
  type FleetName,
  FlotillaError,
  type InputsPosition,
  type RenderResult,
  formatProblem,
  reasonOf,
} from '@flotilla/domain';
import type { PublishOutcome, Publisher } from '@flotilla/artifact';
import type { FullRenders } from '@flotilla/inputs';
import { TemplateError, type RenderProcess } from '@flotilla/template';
import type { BundleChecks } from './bundle-checks.ts';
import type { FleetCertificates } from './fleet-certificates.ts';
import type { FleetInputs, InputsRead } from './fleet-inputs.ts';
import type { RenderComparison } from './render-comparison.ts';
import { RenderFailure, isFinal } from './render-failure.ts';
import type { Redact } from './secret-words.ts';
import { type Settled, versionOf } from './settled.ts';
import { StageClock } from './stage-clock.ts';
import { templatesId } from './templates-id.ts';

/** Everything that is kept of one fleet between its renders. */
export interface FleetParts {
  readonly fleet: FleetName;
  readonly inputs: FleetInputs;
  readonly templates: RenderProcess;
  readonly certificates: FleetCertificates;
  readonly checks: BundleChecks;
  readonly comparison: RenderComparison;
  readonly fullRenders: FullRenders;
  readonly publisher: Publisher;
  readonly redact: Redact;
  /** Told after each read, before the render. */
  readonly onRead: (inputs: FleetInputs, changes: FieldChanges) => void;
  /** Told when these inputs cannot be rendered, or HAProxy refuses what they give, however often it is tried. */
  readonly onRefused: (inputs: InputsPosition) => void;
  /** Told of a stage's duration, also when it failed. */
  readonly onStages: (stagesMs: Readonly<Record<string, number>>) => void;
}

interface Read extends InputsRead {
  /** Their templates are to be rendered from nothing. */
  readonly fromNothing: boolean;
}

/** How often inputs are read again because others were faster, or the data began a new life. */
const maxRounds = 5;

/** How many certificates a render sets aside at most: HAProxy may name one at a time, and each takes a check. */
const mostRefusedPairs = 100;
const manyRefused = `HAProxy refuses more than ${mostRefusedPairs} certificates; the next attempt goes on with the others`;

/**
 * One fleet's way from inputs to a published version: read, render, bundle, check, publish. A bundle that the last
 * checked one vouches for is published first and checked afterwards.
 * Whatever fails, the fleet keeps its last good version.
 */
export class FleetRender {
  readonly #parts: FleetParts;
  /** The last read that was begun; one at a time. */
  #reading: Promise<unknown> = Promise.resolve();
  /** A read that was begun before the job it is for. */
  #ahead: Promise<Read> | undefined;

  constructor(parts: FleetParts) {
    this.#parts = parts;
  }

  get fleet(): FleetName {
    return this.#parts.fleet;
  }

  /**
   * Begins to read for a render that may follow at once. What is written between the read and the job has no job of its
   * own, so the render looks again in the end.
   */
  readAhead(): void {
    this.#ahead ??= this.#read();
    this.#ahead.catch(() => undefined);
  }

  /** The render did not follow: the next one reads for itself. */
  forgetAhead(): void {
    this.#ahead = undefined;
  }

  /** Renders the newest inputs. Throws `RenderFailure`, whose message is fit for the job's history. */
  async render(signal?: AbortSignal): Promise<RenderResult> {
    const { inputs, comparison, onStages } = this.#parts;
    const clock = new StageClock();
    try {
      const { outcome, read } = await this.#untilPublished(clock, signal);
      const result = this.#resultOf(outcome, read, clock);
      inputs.settleCauses();
      return result;
    } catch (error) {
      // Whoever published what is out may have ended before it was checked.
      this.#parts.checks.checkLater();
      throw this.#failureOf(error, clock);
    } finally {
      onStages(clock.stagesMs);
      comparison.rendered();
    }
  }

  async #untilPublished(clock: StageClock, signal?: AbortSignal): Promise<{ outcome: Settled; read: Read }> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    let before: Read | undefined;
    let read = await clock.time('read', () => ahead?.catch(() => this.#read()) ?? this.#read());
    for (let round = 0; round < maxRounds; round++) {
      signal?.throwIfAborted();
      const tried = await this.#try(read, clock, signal);
      if (ahead && round === 0) {
        const now = await this.#read();
        if (!samePosition(now, read)) {
          read = now;
          continue;
        }
      }
      if ('error' in tried) {
        if (isFinal(tried.error)) this.#parts.onRefused(read.position);
        throw tried.error;
      }
      const { outcome } = tried;
      const settled = outcome.kind === 'published' || outcome.kind === 'unchanged';
      // Someone rendered newer inputs than these, and there are none newer to read: their version stands.
      const overtaken = outcome.kind === 'superseded' && before?.position.revision === read.position.revision;
      if (settled || overtaken) return { outcome, read };
      before = read;
      read = await clock.time('read', () => this.#read());
    }
    throw new FlotillaError(
      'restless',
      `the inputs began a new life, or others published, ${maxRounds} times in a row`,
    );
  }

  async #try(read: Read, clock: StageClock, signal?: AbortSignal): Promise<Tried> {
    for (let left = mostRefusedPairs; ; left--) {
      try {
        const files = await this.#bundle(read, clock, signal);
        return { outcome: await this.#publish(read, files, clock, signal) };
      } catch (error) {
        if (!(await this.#setAside(error))) return { error };
        if (left === 0) return { error: new FlotillaError('certificates', manyRefused) };
      }
    }
  }

  /** Sets aside the certificates that HAProxy refused the bundle for; false when it was not for them. */
  async #setAside(error: unknown): Promise<boolean> {
    const { inputs, templates, certificates, checks } = this.#parts;
    if (!(error instanceof RenderFailure) || error.code !== 'haproxy-refuses') return false;
    const names = await certificates.refuse(error.reason, inputs, (path) => checks.servedLast(path));
    templates.update(certificates.leftOut());
    return names.length > 0;
  }

  #read(): Promise<Read> {
    const reading = this.#reading.then(() => this.#readOnce());
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  async #readOnce(): Promise<Read> {
    const { inputs, fullRenders, templates, certificates, onRead } = this.#parts;
    const [read, ordered] = await Promise.all([inputs.read(), fullRenders.ordered()]);
    templates.update(read.changes);
    templates.update(certificates.forget(read.changes, inputs));
    templates.update(certificates.leftOut());
    onRead(inputs, read.changes);
    return { ...read, fromNothing: ordered !== undefined && ordered === templatesId(inputs.fields) };
  }

  async #bundle({ fromNothing }: Read, clock: StageClock, signal?: AbortSignal): Promise<readonly BundleFile[]> {
    const { inputs, templates, certificates, publisher } = this.#parts;
    if (fromNothing) templates.renew();
    const rendered = await clock.time('render', () => {
      const rendering = templates.render(signal);
      // Redis answers while the process works.
      publisher.prepare();
      return rendering;
    });
    return clock.time('bundle', () => [...rendered, ...certificates.build(inputs)]);
  }

  async #publish(
    { position }: InputsRead,
    files: readonly BundleFile[],
    clock: StageClock,
    signal?: AbortSignal,
  ): Promise<Exclude<PublishOutcome, { kind: 'check-first' }>> {
    const { certificates, checks, publisher } = this.#parts;
    const isVouchedFor = !checks.isChecked(files) && (await clock.time('compare', () => checks.isVouchedFor(files)));
    for (let mayWait = isVouchedFor; ; mayWait = false) {
      if (!mayWait && !checks.isChecked(files)) await clock.time('check', () => checks.check(files, signal));
      const outcome = await clock.time('publish', () =>
        publisher.publish({
          ...position,
          files,
          isChecked: !mayWait,
          refused: certificates.problems(),
        }),
      );
      if (outcome.kind === 'check-first') continue;
      if (outcome.kind === 'published' && mayWait) checks.checkLater({ manifest: outcome.manifest, files });
      if (outcome.kind === 'unchanged' && !outcome.isChecked) checks.checkLater();
      return outcome;
    }
  }

  #resultOf(outcome: Settled, { position }: InputsRead, clock: StageClock): RenderResult {
    const { fleet, inputs, certificates } = this.#parts;
    const problems = [...inputs.problems(), ...certificates.problems().map(formatProblem)];
    return {
      kind: outcome.kind,
      fleet,
      ...position,
      ...versionOf(outcome),
      ...inputs.causes(),
      problems: [...this.#takeNotes(), ...problems],
      stagesMs: clock.stagesMs,
    };
  }

  #failureOf(error: unknown, { stage }: StageClock): RenderFailure {
    const { fleet, inputs, redact } = this.#parts;
    const after = this.#takeNotes()
      .map((note) => `; ${note}`)
      .join('');
    const about = { revision: stage === 'read' ? null : (inputs.position?.revision ?? null), ...inputs.causes() };
    if (error instanceof RenderFailure) return error.with(about, after);
    const code = error instanceof FlotillaError ? error.code : 'internal';
    const where = error instanceof TemplateError ? `configmaps/${fleet}/config: ` : '';
    return new RenderFailure(fleet, stage, code, `${where}${redact(reasonOf(error))}${after}`, about);
  }

  /** What is to be told of earlier versions. */
  #takeNotes(): string[] {
    const { checks, comparison } = this.#parts;
    return [checks.takeNote(), comparison.takeNote()].filter((note) => note !== undefined);
  }

  async close(): Promise<void> {
    await this.#parts.comparison.close();
    await this.#parts.templates.close();
    await this.#parts.checks.close();
  }
}

type Tried = { readonly outcome: Exclude<PublishOutcome, { kind: 'check-first' }> } | { readonly error: unknown };

const samePosition = (a: Read, b: Read): boolean =>
  a.position.epoch === b.position.epoch &&
  a.position.revision === b.position.revision &&
  a.fromNothing === b.fromNothing;
