import { spawn } from 'node:child_process';
import { haproxyEnvironment } from './environment.ts';

export type CommandResult =
  | { readonly kind: 'done' }
  /** `output` is what it printed, or why it could not end. */
  | { readonly kind: 'failed'; readonly output: string };

export interface ShellCommand {
  /** Run by `/bin/sh -c`. */
  readonly command: string;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const maxOutput = 4_000;
/** Output of a background process that the command left behind may keep the pipes open. */
const lateOutputMs = 200;

/** Runs the command; it fails with a code other than 0, by a signal, or when it takes too long (then it is killed). */
export function runCommand({ command, environment, timeoutMs, signal }: ShellCommand): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', command], {
      // A group of its own, so that what the command started ends with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...haproxyEnvironment(), ...environment },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (output = (output + chunk).slice(-maxOutput)));
    }
    let why = '';
    const kill = (reason: string) => {
      why = reason;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(() => {
      kill(`it did not end in ${timeoutMs} ms`);
    }, timeoutMs);
    const abort = () => {
      kill('the agent stops');
    };
    signal?.addEventListener('abort', abort, { once: true });
    const finish = (result: CommandResult) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(result);
    };
    child.once('error', (error) => {
      finish({ kind: 'failed', output: error.message });
    });
    child.once('exit', (code, ended) => {
      const settle = () => {
        for (const stream of [child.stdout, child.stderr]) stream.destroy();
        if (code === 0 && why === '') finish({ kind: 'done' });
        else
          finish({
            kind: 'failed',
            output: [why || `ended with ${ended ?? `code ${code}`}`, output.trim()].join('\n').trim(),
          });
      };
      child.once('close', settle);
      setTimeout(settle, lateOutputMs).unref();
    });
  });
}
