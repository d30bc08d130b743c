import { Worker } from 'node:worker_threads';
import { type FieldChanges, type InputField, inputField } from '@flotilla/domain';
import { mainTemplate } from './rendered-files.ts';
import type { RenderLimits, TemplateSettings } from './settings.ts';
import { TemplateError } from './template-error.ts';
import { templateValue } from './template-inputs.ts';
import { post, renderIn } from './thread-call.ts';
import type { ThreadData, ThreadFile } from './thread-messages.ts';

export interface RenderThreadOptions {
  readonly settings: TemplateSettings;
  readonly limits: RenderLimits;
  /** The bundled `render.thread.ts`; by default it stands beside the running program's own bundle. */
  readonly threadEntry?: URL;
}

/** One file of the release folder. Its Buffer is the same object as after the render before, while its content is. */
export interface RenderedFile {
  readonly path: string;
  readonly content: Buffer;
}

/**
 * Renders one fleet's templates in a thread of their own, under hard limits.
 *
 * The thread is started with the first render and keeps the inputs, so that a change costs what changed. A render
 * that passes a limit ends the thread; the next one begins in a fresh thread, which is handed all inputs again.
 */
export class RenderThread {
  readonly #options: RenderThreadOptions;
  /** What a fresh thread needs. The texts are shared with whoever gave them. */
  readonly #inputs = new Map<InputField, string>();
  #worker: Worker | undefined;
  #rendering = false;
  #last = new Map<string, Buffer>();

  constructor(options: RenderThreadOptions) {
    this.#options = options;
  }

  /** Takes changed fields of the fleet's inputs, as libs/inputs gives them; others than the template's are left out. */
  update(changes: FieldChanges): void {
    const relevant: [InputField, string | null][] = [];
    for (const [field, value] of changes) {
      const needed = templateValue(field, value);
      if (needed === undefined || this.#inputs.get(field) === (needed ?? undefined)) continue;
      if (needed === null) this.#inputs.delete(field);
      else this.#inputs.set(field, needed);
      relevant.push([field, needed]);
    }
    if (this.#worker && relevant.length > 0) post(this.#worker, { kind: 'update', changes: relevant });
  }

  /** Forgets all inputs, for a fleet whose data began a new life. */
  clear(): void {
    this.update(new Map([...this.#inputs.keys()].map((field) => [field, null])));
  }

  /**
   * Renders what was handed over so far. One render at a time.
   * Throws `TemplateError` or `TemplateLimitError`, or the signal's reason; the thread is ended in the last two cases.
   */
  async render(signal?: AbortSignal): Promise<readonly RenderedFile[]> {
    if (this.#rendering) throw new Error('this thread renders already');
    signal?.throwIfAborted();
    this.#refuseEmpty();
    this.#rendering = true;
    try {
      this.#worker ??= this.#start();
      const files = await renderIn(this.#worker, this.#options.limits, signal);
      return this.#keepUnchanged(files);
    } catch (error) {
      if (!(error instanceof TemplateError)) await this.close();
      throw error;
    } finally {
      this.#rendering = false;
    }
  }

  /** Ends the thread; a later render starts another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #refuseEmpty(): void {
    const text = this.#inputs.get(inputField('config', mainTemplate));
    const place = { template: mainTemplate, line: null };
    if (text === undefined) throw new TemplateError('template-missing', 'the configmap has no such key', place);
    if (text.trim() === '') throw new TemplateError('template-missing', 'it is empty', place);
  }

  #start(): Worker {
    const { settings, limits, threadEntry } = this.#options;
    const data: ThreadData = { settings, outputBytes: limits.outputBytes };
    const worker = new Worker(threadEntry ?? new URL('./render.thread.js', import.meta.url), {
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMb },
      // Nothing of this process's environment is in reach of a template.
      env: {},
      execArgv: [],
    });
    const forget = (): void => {
      if (this.#worker === worker) this.#worker = undefined;
    };
    worker.on('exit', forget);
    // Between renders nobody else listens, and an error without a listener would end the process.
    worker.on('error', forget);
    post(worker, { kind: 'update', changes: [...this.#inputs] });
    return worker;
  }

  /** A fresh thread sends everything, and most of it is what the one before sent. */
  #keepUnchanged(files: readonly ThreadFile[]): RenderedFile[] {
    const kept = files.map(({ path, bytes }) => {
      const before = this.#last.get(path);
      if (before && (bytes === null || before.equals(bytes))) return { path, content: before };
      if (bytes === null) throw new Error(`the render thread left out ${path}`);
      return { path, content: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
    });
    this.#last = new Map(kept.map(({ path, content }) => [path, content]));
    return kept;
  }
}
