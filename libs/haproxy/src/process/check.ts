import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { FlotillaError } from '@flotilla/domain';
import { haproxyEnvironment } from './environment.ts';
import { foldersOf, warningsOf, wordsOf } from './messages.ts';

export interface CheckOptions {
  /** Path or name of the HAProxy binary. */
  readonly binary: string;
  /** Configuration files in the order of their `-f`. */
  readonly files: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Nobody waits for it: everything else on the machine comes first. */
  readonly givesWay?: boolean;
}

export type CheckResult =
  { readonly ok: true; readonly warnings: readonly string[] } | { readonly ok: false; readonly message: string };

/** Thrown when HAProxy could not be asked: no binary, no answer in time. It says nothing about the configuration. */
export class CheckError extends FlotillaError {}

/**
 * A refusal of what only a master process runs, such as a `program` section. With `-W` from the beginning HAProxy would
 * not miss a listener.
 */
const onlyMaster = /without master[- ]worker mode/i;

/** Bytes kept of the output; HAProxy repeats itself when a template went wrong in a loop. */
const maxOutput = 256 * 1024;

/**
 * `haproxy -c` (management guide, "Starting HAProxy"): parses and resolves the configuration without binding.
 * It sees no busy port and no limit of file descriptors. `message` are HAProxy's own words, paths of the files'
 * folders shortened; it may quote a line of the configuration, so pass it through `redactConfigSecrets`.
 * Throws `CheckError`, or the signal's reason when it is aborted.
 */
export async function checkConfig(options: CheckOptions): Promise<CheckResult> {
  const alone = await run(options, false);
  const { code, output } = onlyMaster.test(alone.output) ? await run(options, true) : alone;
  const folders = foldersOf(options.files);
  return code === 0
    ? { ok: true, warnings: warningsOf(output, folders) }
    : { ok: false, message: wordsOf(output, folders) || `haproxy -c ended with code ${code} and said nothing` };
}

/** A tenth of the share of a process of normal priority that wants the same processor (setpriority(2)). */
const lowPriority = 10;

function run(options: CheckOptions, master: boolean): Promise<{ code: number; output: string }> {
  const { binary, files, timeoutMs, signal, givesWay = false } = options;
  const args = ['-c', ...(master ? ['-W'] : []), ...files.flatMap((file) => ['-f', file])];
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env: haproxyEnvironment() });
    if (givesWay && child.pid !== undefined) lower(child.pid);
    let output = '';
    const collect = (chunk: string) => {
      if (output.length < maxOutput) output += chunk;
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', collect);

    let stopped: Error | undefined;
    const stop = (reason: Error) => {
      stopped ??= reason;
      child.kill('SIGKILL');
    };
    const abort = () => {
      // A signal's reason is an Error unless whoever aborts gives something else, which nobody here does.
      stop(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      stop(new CheckError('check-timeout', `haproxy -c did not finish in ${timeoutMs} ms`, { data: { timeoutMs } }));
    }, timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    child.once('error', (cause) => {
      settle();
      reject(
        new CheckError('haproxy-missing', `cannot run ${binary}: ${cause.message}; set FLOTILLA_HAPROXY to its path`, {
          cause,
          data: { binary },
        }),
      );
    });
    child.once('close', (code, ended) => {
      settle();
      if (stopped !== undefined) reject(stopped);
      else if (code === null) reject(new CheckError('check-killed', `haproxy -c was ended by ${ended ?? 'a signal'}`));
      else resolve({ code, output });
    });
  });
}

function lower(pid: number): void {
  try {
    setPriority(pid, lowPriority);
  } catch {
    // It has ended already.
  }
}
