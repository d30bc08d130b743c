import { join } from 'node:path';
import { ArtifactError, type CheckedVersions } from '@flotilla/artifact';
import {
  type BundleFile,
  type FleetName,
  type Manifest,
  type NewestVersion,
  type Revision,
  layout,
  reasonOf,
  sameArtifact,
} from '@flotilla/domain';
import type { CheckResult } from '@flotilla/haproxy';
import { type Logger, withDeadline } from '@flotilla/runtime';
import { CheckedBundle } from './checked-bundle.ts';
import { LateCheck } from './late-check.ts';
import { RenderFailure } from './render-failure.ts';
import type { Redact } from './secret-words.ts';
import type { StagedBundle } from './staged-bundle.ts';

export interface BundleChecksOptions {
  readonly fleet: FleetName;
  readonly staged: StagedBundle;
  readonly versions: CheckedVersions;
  readonly check: (
    configFile: string,
    how: { readonly signal: AbortSignal | undefined; readonly givesWay: boolean },
  ) => Promise<CheckResult>;
  readonly redact: Redact;
  readonly onWarnings: (warnings: readonly string[]) => void;
  /** Told how a check ended that came after its version had gone out. */
  readonly onLate: (outcome: 'good' | 'refused') => void;
  /** A version was withdrawn: the next job tells of it, so there has to be one. */
  readonly onWithdrawn: (rendered: Revision) => void;
  readonly log: Logger;
}

type Words = string;

/** HAProxy's verdicts on one fleet's bundles: before they go out, or afterwards where that is safe. */
export class BundleChecks {
  readonly #options: BundleChecksOptions;
  readonly #checked = new CheckedBundle();
  readonly #late: LateCheck;
  /** What went out last, so that it need not be read back to be checked. */
  #published: { readonly manifest: Manifest; readonly files: readonly BundleFile[] } | undefined;
  #note: string | undefined;

  constructor(options: BundleChecksOptions) {
    this.#options = options;
    this.#late = new LateCheck({ afterMs: lateByMs, run: (signal) => this.#checkLate(signal), log: options.log });
  }

  /** HAProxy has taken exactly these files. */
  isChecked(files: readonly BundleFile[]): boolean {
    return this.#checked.isSame(files);
  }

  /** These files may go out before HAProxy has seen them. */
  isVouchedFor(files: readonly BundleFile[]): boolean {
    return this.#checked.vouchesFor(files);
  }

  /**
   * Lets HAProxy check a bundle that waits for it. Throws `RenderFailure` with its words, after it made sure that the
   * version that is out is a checked one.
   */
  async check(files: readonly BundleFile[], signal?: AbortSignal): Promise<void> {
    await this.#late.aside(async () => {
      const words = await this.#ask(files, signal, false);
      if (words === undefined) return;
      await this.#settleNewest({ files, words }).catch((error: unknown) => {
        this.#options.log.warn({ reason: reasonOf(error) }, 'the version that is out could not be looked after');
      });
      const { fleet } = this.#options;
      throw new RenderFailure(fleet, 'check', 'haproxy-refuses', `HAProxy refuses the rendered bundle: ${words}`);
    });
  }

  /** The file that HAProxy took last under this path: in this process, or in the newest version. */
  async servedLast(path: string): Promise<BundleFile | undefined> {
    return this.#checked.file(path) ?? (await this.#options.versions.newestFile(path));
  }

  /** A version went out, or is out, that has to be checked. */
  checkLater(published?: { manifest: Manifest; files: readonly BundleFile[] }): void {
    this.#published = published ?? this.#published;
    this.#late.ask();
  }

  /** What the next job has to tell of earlier versions; it is told once. */
  takeNote(): string | undefined {
    const note = this.#note;
    this.#note = undefined;
    return note;
  }

  async #checkLate(signal: AbortSignal): Promise<void> {
    const refused = await this.#settleNewest(undefined, signal);
    if (refused) this.#options.onWithdrawn(refused.revision);
  }

  /**
   * Checks the version that is out if that is still to be done, and withdraws it if HAProxy refuses it; gives that one
   * back. What `refused` says of the same files is not asked again.
   */
  async #settleNewest(
    refused?: { files: readonly BundleFile[]; words: Words },
    signal?: AbortSignal,
  ): Promise<NewestVersion | undefined> {
    const { versions, onLate } = this.#options;
    const newest = await answered(versions.unchecked(), signal);
    if (!newest) return undefined;
    const own = this.#published && sameArtifact(this.#published.manifest, newest) ? this.#published.files : undefined;
    const files = own ?? (await answered(versions.filesOf(newest), signal));
    const words = refused && own === refused.files ? refused.words : await this.#ask(files, signal, true);
    if (words === undefined) {
      await answered(versions.confirm(newest), signal);
      onLate('good');
      return undefined;
    }
    this.#checked.distrust();
    onLate('refused');
    return (await this.#withdraw(newest, words, signal)) ? newest : undefined;
  }

  /** False when a newer version has taken its place meanwhile, which is checked in its turn. */
  async #withdraw(refused: NewestVersion, words: Words, signal?: AbortSignal): Promise<boolean> {
    const { versions, log } = this.#options;
    const what = `version ${refused.version} went out before its check, and HAProxy refuses it (${words})`;
    try {
      const withdrawal = await answered(versions.withdraw(refused), signal);
      if (!withdrawal) return false;
      this.#note = `${what}: version ${withdrawal.to} is in force again, as version ${withdrawal.as}`;
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      this.#note = `${what}; it stays: ${error.message}`;
    }
    log.error({ version: refused.version }, this.#note);
    return true;
  }

  /** HAProxy's words when it refuses the bundle, without secrets. */
  async #ask(
    files: readonly BundleFile[],
    signal: AbortSignal | undefined,
    givesWay: boolean,
  ): Promise<Words | undefined> {
    const { staged, check, redact, onWarnings } = this.#options;
    await staged.stage(files);
    const result = await check(join(staged.folder, layout.config), { signal, givesWay });
    const config = (): string => files.find(({ path }) => path === layout.config)?.content.toString() ?? '';
    if (!result.ok) return redact(result.message, config());
    this.#checked.take(files);
    if (result.warnings.length > 0) onWarnings(result.warnings.map((warning) => redact(warning, config())));
    return undefined;
  }

  async close(): Promise<void> {
    await this.#late.close();
    await this.#options.staged.remove();
  }
}

/** Long enough for the nodes to have taken the version over, and for a few versions to be checked as one. */
const lateByMs = 200;

/** So long Redis may take; a check that is broken off must not wait for it. */
const answerMs = 10_000;

const answered = <T>(work: Promise<T>, signal?: AbortSignal): Promise<T> =>
  withDeadline(work, answerMs, 'asking Redis about the version that is out', signal);
