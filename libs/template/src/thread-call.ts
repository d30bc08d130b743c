import type { Worker } from 'node:worker_threads';
import { reasonOf } from '@flotilla/domain';
import { mainTemplate } from './rendered-files.ts';
import type { RenderLimits } from './settings.ts';
import { TemplateError, TemplateLimitError } from './template-error.ts';
import type { FromThread, ThreadFile, ToThread } from './thread-messages.ts';

/** How long a fresh thread may take to start and to parse all inputs; templates do not run in that time. */
const loadMs = 120_000;

export const post = (worker: Worker, message: ToThread): void => {
  worker.postMessage(message);
};

/**
 * Lets the thread render once. Rejects with `TemplateError`, `TemplateLimitError` or the signal's reason; in the last
 * two cases the thread may still run, and is to be ended.
 */
export function renderIn(worker: Worker, limits: RenderLimits, signal?: AbortSignal): Promise<readonly ThreadFile[]> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      worker.off('message', answered).off('error', broken).off('exit', ended);
    };
    const fail = (reason: unknown): void => {
      settle();
      reject(reason instanceof Error ? reason : new Error(reasonOf(reason)));
    };
    const outOfTime = (): void => {
      fail(new TemplateLimitError('timeoutMs', limits));
    };
    const answered = (message: FromThread): void => {
      switch (message.kind) {
        case 'rendering':
          clearTimeout(timer);
          timer = setTimeout(outOfTime, limits.timeoutMs);
          break;
        case 'rendered':
          settle();
          resolve(message.files);
          break;
        case 'too-large':
          fail(new TemplateLimitError('outputBytes', limits));
          break;
        case 'failed':
          fail(new TemplateError('template', message.reason, { template: message.template, line: message.line }));
          break;
      }
    };
    const broken = (error: Error): void => {
      fail(threadFault(error, limits));
    };
    const ended = (): void => {
      fail(new Error('the render thread ended by itself'));
    };
    const aborted = (): void => {
      fail(signal?.reason);
    };
    const notLoaded = (): void => {
      fail(new Error(`the render thread did not take the fleet's inputs within ${loadMs} ms`));
    };
    let timer = setTimeout(notLoaded, loadMs);
    worker.on('message', answered).on('error', broken).on('exit', ended);
    signal?.addEventListener('abort', aborted, { once: true });
    post(worker, { kind: 'render' });
  });
}

/** An error that ended the thread: out of memory, or thrown where nobody could catch it. */
function threadFault(error: Error, limits: RenderLimits): Error {
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return new TemplateLimitError('heapMb', limits);
  return new TemplateError('template', reasonOf(error), { template: mainTemplate, line: null }, error);
}
