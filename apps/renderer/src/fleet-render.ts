import {
  type BundleFile,
  type CertificateFiles,
  type FieldChanges,
  type FleetName,
  FlotillaError,
  type InputsPosition,
  type RenderResult,
  reasonOf,
} from '@flotilla/domain';
import type { PublishOutcome, Publisher } from '@flotilla/artifact';
import { TemplateError, type RenderThread } from '@flotilla/template';
import type { BundleChecks } from './bundle-checks.ts';
import type { FleetInputs, InputsRead } from './fleet-inputs.ts';
import { RenderFailure, isFinal } from './render-failure.ts';
import type { Redact } from './secret-words.ts';
import { StageClock } from './stage-clock.ts';

/** Everything that is kept of one fleet between its renders. */
export interface FleetParts {
  readonly fleet: FleetName;
  readonly inputs: FleetInputs;
  readonly thread: RenderThread;
  readonly certificates: CertificateFiles;
  readonly checks: BundleChecks;
  readonly publisher: Publisher;
  readonly redact: Redact;
  /** Told after each read, before the render. */
  readonly onRead: (inputs: FleetInputs, changes: FieldChanges) => void;
  /** Told when these inputs cannot be rendered, or HAProxy refuses what they give, however often it is tried. */
  readonly onRefused: (inputs: InputsPosition) => void;
  /** Told of a stage's duration, also when it failed. */
  readonly onStages: (stagesMs: Readonly<Record<string, number>>) => void;
}

/** How often inputs are read again because others were faster, or the data began a new life. */
const maxRounds = 5;

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
  #ahead: Promise<InputsRead> | undefined;

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
    const { inputs, onStages } = this.#parts;
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
    }
  }

  async #untilPublished(clock: StageClock, signal?: AbortSignal): Promise<{ outcome: Settled; read: InputsRead }> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    let before: InputsRead | undefined;
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

  async #try(read: InputsRead, clock: StageClock, signal?: AbortSignal): Promise<Tried> {
    try {
      const files = await this.#bundle(clock, signal);
      return { outcome: await this.#publish(read, files, clock, signal) };
    } catch (error) {
      return { error };
    }
  }

  #read(): Promise<InputsRead> {
    const reading = this.#reading.then(() => this.#readOnce());
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  async #readOnce(): Promise<InputsRead> {
    const { inputs, thread, onRead } = this.#parts;
    const read = await inputs.read();
    thread.update(read.changes);
    onRead(inputs, read.changes);
    return read;
  }

  async #bundle(clock: StageClock, signal?: AbortSignal): Promise<readonly BundleFile[]> {
    const { inputs, thread, certificates, publisher } = this.#parts;
    const rendered = await clock.time('render', () => {
      const rendering = thread.render(signal);
      // Redis answers while the thread works.
      publisher.prepare();
      return rendering;
    });
    return clock.time('bundle', () => [...rendered, ...certificates.build(inputs.certificates(), inputs.fields)]);
  }

  async #publish(
    { position, index }: InputsRead,
    files: readonly BundleFile[],
    clock: StageClock,
    signal?: AbortSignal,
  ): Promise<Exclude<PublishOutcome, { kind: 'check-first' }>> {
    const { checks, publisher } = this.#parts;
    const isVouchedFor = !checks.isChecked(files) && (await clock.time('compare', () => checks.isVouchedFor(files)));
    for (let mayWait = isVouchedFor; ; mayWait = false) {
      if (!mayWait && !checks.isChecked(files)) await clock.time('check', () => checks.check(files, signal));
      const outcome = await clock.time('publish', () =>
        publisher.publish({ ...position, index, files, isChecked: !mayWait }),
      );
      if (outcome.kind === 'check-first') continue;
      if (outcome.kind === 'published' && mayWait) checks.checkLater({ manifest: outcome.manifest, files });
      if (outcome.kind === 'unchanged' && !outcome.isChecked) checks.checkLater();
      return outcome;
    }
  }

  #resultOf(outcome: Settled, { position }: InputsRead, clock: StageClock): RenderResult {
    const { fleet, inputs, checks } = this.#parts;
    const note = checks.takeNote();
    return {
      kind: outcome.kind,
      fleet,
      ...position,
      ...versionOf(outcome),
      ...inputs.causes(),
      problems: note === undefined ? inputs.problems() : [note, ...inputs.problems()],
      stagesMs: clock.stagesMs,
    };
  }

  #failureOf(error: unknown, { stage }: StageClock): RenderFailure {
    const { fleet, redact, checks } = this.#parts;
    const note = checks.takeNote();
    const after = note === undefined ? '' : `; ${note}`;
    if (error instanceof RenderFailure) return error.with(after);
    const code = error instanceof FlotillaError ? error.code : 'internal';
    const where = error instanceof TemplateError ? `configmaps/${fleet}/config: ` : '';
    return new RenderFailure(fleet, stage, code, `${where}${redact(reasonOf(error))}${after}`);
  }

  async close(): Promise<void> {
    await this.#parts.thread.close();
    await this.#parts.checks.close();
  }
}

type Tried = { readonly outcome: Exclude<PublishOutcome, { kind: 'check-first' }> } | { readonly error: unknown };

const samePosition = ({ position: a }: InputsRead, { position: b }: InputsRead): boolean =>
  a.epoch === b.epoch && a.revision === b.revision;

type Settled = Exclude<PublishOutcome, { kind: 'epoch-changed' | 'check-first' }>;

function versionOf(outcome: Settled): Pick<RenderResult, 'version' | 'digest'> {
  switch (outcome.kind) {
    case 'published':
      return { version: outcome.manifest.version, digest: outcome.manifest.digest };
    case 'unchanged':
      return { version: outcome.version, digest: outcome.digest };
    case 'superseded':
      return { version: null, digest: null };
  }
}
