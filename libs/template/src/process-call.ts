import type { ChildProcess } from 'node:child_process';
import { reasonOf } from '@flotilla/domain';
import { mainTemplate } from './rendered-files.ts';
import type { RenderLimits } from './settings.ts';
import { TemplateError, TemplateLimitError } from './template-error.ts';
import type { FilePatch, FromProcess, ToProcess } from './process-messages.ts';

/** How long a fresh process may take to start and to parse all inputs; templates do not run in that time. */
const loadMs = 120_000;

/** What V8 says last is far shorter. */
const keptWords = 4_000;

/** A running render process. */
export interface RenderChild {
  readonly process: ChildProcess;
  /** The end of what it wrote to its standard error: V8's words when it gave up. */
  words(): string;
}

export function watched(process: ChildProcess): RenderChild {
  let words = '';
  process.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-keptWords)));
  // Between renders nobody else listens, and an error without a listener would end this process.
  process.on('error', () => undefined);
  return { process, words: () => words };
}

export const post = ({ process }: RenderChild, message: ToProcess): void => {
  // That it is gone is told by its end.
  if (process.connected) process.send(message, () => undefined);
};

/**
 * Lets the process render once. Rejects with `TemplateError`, `TemplateLimitError` or the signal's reason. Unless it is
 * a `TemplateError` that names a place, the process may still run, and is to be ended.
 */
export function renderIn(
  child: RenderChild,
  seed: number,
  limits: RenderLimits,
  signal?: AbortSignal,
): Promise<readonly FilePatch[]> {
  return new Promise((resolve, reject) => {
    const { process } = child;
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      process.off('message', answered).off('error', fail).off('close', ended);
    };
    const fail = (reason: unknown): void => {
      settle();
      reject(reason instanceof Error ? reason : new Error(reasonOf(reason)));
    };
    const outOfTime = (): void => {
      fail(new TemplateLimitError('timeoutMs', limits));
    };
    const answered = (message: unknown): void => {
      const answer = message as FromProcess;
      switch (answer.kind) {
        case 'rendering':
          clearTimeout(timer);
          timer = setTimeout(outOfTime, limits.timeoutMs);
          break;
        case 'rendered':
          settle();
          resolve(answer.files);
          break;
        case 'too-large':
          fail(new TemplateLimitError('outputBytes', limits));
          break;
        case 'failed':
          fail(new TemplateError('template', answer.reason, { template: answer.template, line: answer.line }));
          break;
      }
    };
    const ended = (): void => {
      fail(endOf(child, limits));
    };
    const aborted = (): void => {
      fail(signal?.reason);
    };
    const notLoaded = (): void => {
      fail(new Error(`the render process did not take the fleet's inputs within ${loadMs} ms`));
    };
    let timer = setTimeout(notLoaded, loadMs);
    process.on('message', answered).on('error', fail).on('close', ended);
    signal?.addEventListener('abort', aborted, { once: true });
    if (process.exitCode !== null || process.signalCode !== null) ended();
    else post(child, { kind: 'render', seed });
  });
}

/**
 * Why it ended by itself. V8 ends a process that is out of memory, or that wants a single array or text larger than it
 * has room for; both are the template's doing. That somebody else killed it is not.
 */
function endOf({ process: { exitCode, signalCode }, words }: RenderChild, limits: RenderLimits): Error {
  const said = words();
  if (/out of memory/i.test(said)) return new TemplateLimitError('heapMb', limits);
  const how = signalCode ?? `exit code ${exitCode}`;
  if (signalCode !== 'SIGABRT' && signalCode !== 'SIGTRAP' && signalCode !== 'SIGILL')
    return new Error(`the render process ended by itself (${how})`);
  const fatal = /Fatal JavaScript .*|FATAL ERROR: .*/.exec(said)?.[0] ?? how;
  return new TemplateError(
    'template',
    `it needs something larger than JavaScript can hold; the render process ended with "${fatal}"`,
    { template: mainTemplate, line: null },
  );
}
