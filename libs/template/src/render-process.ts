import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type FieldChanges, inputField, type BundleFile, bundleFile } from '@flotilla/domain';
import type { IncrementalResult } from './full-render.ts';
import { KeptInputs } from './kept-inputs.ts';
import { type RenderChild, post, renderIn, watched } from './process-call.ts';
import type { FilePatch } from './process-messages.ts';
import { mainTemplate } from './rendered-files.ts';
import type { RenderLimits, TemplateSettings } from './settings.ts';
import { TemplateError } from './template-error.ts';

export interface RenderProcessOptions {
  readonly settings: TemplateSettings;
  readonly limits: RenderLimits;
  /** The bundled `render.process.ts`; by default it stands beside the running program's own bundle. */
  readonly processEntry?: URL;
  /** Its renders have a tenth of the share of others that want the same processor; default: false. */
  readonly givesWay?: boolean;
}

/**
 * Renders one fleet's templates in a process of their own, under hard limits: a template can make V8 end its whole
 * process, threads and all.
 *
 * The process is started with the first render and keeps the inputs, so that a change costs what changed. A render
 * that passes a limit ends it; the next one begins in a fresh process, which is handed all inputs again.
 */
export class RenderProcess {
  readonly #options: RenderProcessOptions;
  readonly #inputs = new KeptInputs();
  #child: RenderChild | undefined;
  #rendering = false;
  /** What was rendered last, by whichever process. */
  #last = new Map<string, BundleFile>();
  /** The last result, unless it was made from nothing. */
  #incremental: Omit<IncrementalResult, 'inputs'> | undefined;
  /** The process has not rendered yet. */
  #isFresh = false;
  #isToBeRenewed = false;

  constructor(options: RenderProcessOptions) {
    this.#options = options;
  }

  /** Takes changed fields of the fleet's inputs, as libs/inputs gives them; others than the template's are left out. */
  update(changes: FieldChanges): void {
    const relevant = this.#inputs.change(changes);
    if (this.#child && relevant.length > 0) post(this.#child, { kind: 'update', changes: relevant });
  }

  /** Forgets all inputs, for a fleet whose data began a new life. */
  clear(): void {
    this.update(new Map([...this.#inputs.now.keys()].map((field) => [field, null])));
  }

  /** Starts the process before its first render, so that inputs are handed over as they come. */
  start(): void {
    this.#child ??= this.#start();
  }

  /** The next render is made from nothing, in a fresh process. */
  renew(): void {
    this.#isToBeRenewed = true;
  }

  /** The files of the last result, if it was made with the help of earlier ones: another list after each render. */
  get incrementalFiles(): IncrementalResult['files'] | undefined {
    return this.#incremental?.files;
  }

  /** The last result with its inputs, if it was made with the help of earlier ones. It costs a copy of the inputs. */
  incrementalResult(): IncrementalResult | undefined {
    return this.#incremental && { ...this.#incremental, inputs: this.#inputs.rendered() };
  }

  /**
   * Renders what was handed over so far. One render at a time. `seed`: of chance in templates, 32 bits.
   * Throws `TemplateError` or `TemplateLimitError`, or the signal's reason; the process is ended in the last two cases.
   */
  async render(signal?: AbortSignal, seed = randomInt(2 ** 32)): Promise<readonly BundleFile[]> {
    if (this.#rendering) throw new Error('this process renders already');
    signal?.throwIfAborted();
    this.#refuseEmpty();
    this.#rendering = true;
    try {
      if (this.#isToBeRenewed) await this.close();
      this.#isToBeRenewed = false;
      const child = (this.#child ??= this.#start());
      const isFull = this.#isFresh;
      this.#isFresh = false;
      this.#inputs.begin();
      const files = this.#take(await renderIn(child, seed, this.#options.limits, signal));
      this.#inputs.settle();
      this.#incremental = isFull ? undefined : { seed, files };
      return files;
    } catch (error) {
      if (!(error instanceof TemplateError)) await this.close();
      throw error;
    } finally {
      this.#rendering = false;
    }
  }

  /** Ends the process; a later render starts another. */
  async close(): Promise<void> {
    const child = this.#child?.process;
    this.#child = undefined;
    if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #refuseEmpty(): void {
    const text = this.#inputs.now.get(inputField('config', mainTemplate));
    const place = { template: mainTemplate, line: null };
    if (text === undefined) throw new TemplateError('template-missing', 'the configmap has no such key', place);
    if (text.trim() === '') throw new TemplateError('template-missing', 'it is empty', place);
  }

  #start(): RenderChild {
    const { settings, limits, processEntry, givesWay = false } = this.#options;
    const entry = fileURLToPath(processEntry ?? new URL('./render.process.js', import.meta.url));
    // V8 ends a process that is out of memory by SIGABRT; the dump of its memory would hold the inputs.
    const child = watched(
      spawn(
        '/bin/sh',
        ['-c', 'ulimit -c 0; exec "$0" "$@"', process.execPath, `--max-old-space-size=${limits.heapMb}`, entry],
        {
          // Nothing of this process's environment is in reach of a template.
          env: {},
          stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
          serialization: 'advanced',
        },
      ),
    );
    if (givesWay) lower(child);
    child.process.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    const { outputBytes, timeoutMs } = limits;
    post(child, { kind: 'start', settings, outputBytes, timeoutMs });
    post(child, { kind: 'update', changes: [...this.#inputs.now] });
    this.#isFresh = true;
    return child;
  }

  #take(patches: readonly FilePatch[]): BundleFile[] {
    const files = patches.map((patch) => patched(this.#last.get(patch.path), patch));
    this.#last = new Map(files.map((file) => [file.path, file]));
    return files;
  }
}

/** A tenth of the share of a process of normal priority that wants the same processor (setpriority(2)). */
const lowPriority = 10;

function lower({ process: { pid } }: RenderChild): void {
  try {
    if (pid !== undefined) setPriority(pid, lowPriority);
  } catch {
    // It has ended already.
  }
}

const nothing = Buffer.alloc(0);

/** The file that a patch makes of the one before: the same, with its digest, where nothing changed. */
function patched(last: BundleFile | undefined, { path, head, tail, bytes }: FilePatch): BundleFile {
  const before = last?.content ?? nothing;
  if (head + tail > before.length) throw new Error(`the render process left out a part of ${path}`);
  const end = before.length - tail;
  if (last && before.subarray(head, end).equals(bytes)) return last;
  return bundleFile(path, Buffer.concat([before.subarray(0, head), bytes, before.subarray(end)]));
}
