import { join } from 'node:path';
import {
  type BundleFile,
  type CertificateFiles,
  type FieldChanges,
  type FleetName,
  FlotillaError,
  type RenderResult,
  layout,
  reasonOf,
} from '@flotilla/domain';
import type { PublishOutcome, Publisher } from '@flotilla/artifact';
import type { CheckResult } from '@flotilla/haproxy';
import { TemplateError, type RenderThread } from '@flotilla/template';
import type { FleetInputs, InputsRead } from './fleet-inputs.ts';
import { RenderFailure } from './render-failure.ts';
import type { Redact } from './secret-words.ts';
import { StageClock } from './stage-clock.ts';
import type { StagedBundle } from './staged-bundle.ts';

/** Everything that is kept of one fleet between its renders. */
export interface FleetParts {
  readonly fleet: FleetName;
  readonly inputs: FleetInputs;
  readonly thread: RenderThread;
  readonly certificates: CertificateFiles;
  readonly staged: StagedBundle;
  readonly publisher: Publisher;
  readonly check: (configFile: string, signal?: AbortSignal) => Promise<CheckResult>;
  readonly redact: Redact;
  /** Told after each read, before the render. */
  readonly onRead: (inputs: FleetInputs, changes: FieldChanges) => void;
  /** Told of a stage's duration, also when it failed. */
  readonly onStages: (stagesMs: Readonly<Record<string, number>>) => void;
  readonly onWarnings: (warnings: readonly string[]) => void;
}

/** How often inputs are read again because others were faster, or the data began a new life. */
const maxRounds = 5;

/**
 * One fleet's way from inputs to a published version: read, render, bundle, check, publish.
 * Whatever fails, the fleet keeps its last good version.
 */
export class FleetRender {
  readonly #parts: FleetParts;
  /** The files that HAProxy found good last; the same ones are not checked again. */
  #good: readonly BundleFile[] = [];

  constructor(parts: FleetParts) {
    this.#parts = parts;
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
      throw this.#failureOf(error, clock);
    } finally {
      onStages(clock.stagesMs);
    }
  }

  async #untilPublished(clock: StageClock, signal?: AbortSignal): Promise<{ outcome: Settled; read: InputsRead }> {
    let before: InputsRead | undefined;
    for (let round = 0; round < maxRounds; round++) {
      signal?.throwIfAborted();
      const read = await clock.time('read', () => this.#read());
      const files = await this.#checkedBundle(clock, signal);
      const outcome = await clock.time('publish', () =>
        this.#parts.publisher.publish({ ...read.position, index: read.index, files }),
      );
      const settled = outcome.kind === 'published' || outcome.kind === 'unchanged';
      // Someone rendered newer inputs than these, and there are none newer to read: their version stands.
      const overtaken = outcome.kind === 'superseded' && before?.position.revision === read.position.revision;
      if (settled || overtaken) return { outcome, read };
      before = read;
    }
    throw new FlotillaError(
      'restless',
      `the inputs began a new life, or others published, ${maxRounds} times in a row`,
    );
  }

  async #read(): Promise<InputsRead> {
    const { inputs, thread, onRead } = this.#parts;
    const read = await inputs.read();
    thread.update(read.changes);
    onRead(inputs, read.changes);
    return read;
  }

  async #checkedBundle(clock: StageClock, signal?: AbortSignal): Promise<readonly BundleFile[]> {
    const { inputs, thread, certificates, staged } = this.#parts;
    const rendered = await clock.time('render', () => thread.render(signal));
    const files = await clock.time('bundle', () => [
      ...rendered,
      ...certificates.build(inputs.certificates(), inputs.fields),
    ]);
    if (sameFiles(files, this.#good)) return files;
    await clock.time('check', async () => {
      await staged.stage(files);
      await this.#check(files, signal);
    });
    this.#good = files;
    return files;
  }

  async #check(files: readonly BundleFile[], signal?: AbortSignal): Promise<void> {
    const { fleet, staged, check, redact, onWarnings } = this.#parts;
    const result = await check(join(staged.folder, layout.config), signal);
    const config = (): string => files.find(({ path }) => path === layout.config)?.content.toString() ?? '';
    if (!result.ok) {
      const words = redact(result.message, config());
      throw new RenderFailure(fleet, 'check', 'haproxy-refuses', `HAProxy refuses the rendered bundle: ${words}`);
    }
    if (result.warnings.length > 0) onWarnings(result.warnings.map((warning) => redact(warning, config())));
  }

  #resultOf(outcome: Settled, { position }: InputsRead, clock: StageClock): RenderResult {
    const { fleet, inputs } = this.#parts;
    return {
      kind: outcome.kind,
      fleet,
      ...position,
      ...versionOf(outcome),
      ...inputs.causes(),
      problems: inputs.problems(),
      stagesMs: clock.stagesMs,
    };
  }

  #failureOf(error: unknown, { stage }: StageClock): RenderFailure {
    if (error instanceof RenderFailure) return error;
    const { fleet, redact } = this.#parts;
    const code = error instanceof FlotillaError ? error.code : 'internal';
    const where = error instanceof TemplateError ? `configmaps/${fleet}/config: ` : '';
    return new RenderFailure(fleet, stage, code, `${where}${redact(reasonOf(error))}`);
  }

  async close(): Promise<void> {
    await this.#parts.thread.close();
    await this.#parts.staged.remove();
  }
}

type Settled = Exclude<PublishOutcome, { kind: 'epoch-changed' }>;

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

/** By identity: a file that did not change keeps its Buffer. */
const sameFiles = (a: readonly BundleFile[], b: readonly BundleFile[]): boolean =>
  a.length === b.length && a.every(({ path, content }, at) => b[at]?.path === path && b[at]?.content === content);
