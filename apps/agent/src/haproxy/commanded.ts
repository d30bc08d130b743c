import { runCommand } from '@flotilla/haproxy';
import type { Brought, HaproxyPort } from './port.ts';

export interface CommandedOptions {
  readonly command: string;
  /** `<data>/current`, told to the command as FLOTILLA_CURRENT. */
  readonly current: string;
  readonly timeoutMs: number;
}

/**
 * Mode `command`: a shell command brings HAProxy, wherever it runs, to what is on disk. Its exit code is the only
 * proof there is.
 */
export function commandedHaproxy({ command, current, timeoutMs }: CommandedOptions): HaproxyPort {
  const run = async (signal?: AbortSignal): Promise<Brought> => {
    const result = await runCommand({ command, environment: { FLOTILLA_CURRENT: current }, timeoutMs, signal });
    signal?.throwIfAborted();
    return result.kind === 'done'
      ? { kind: 'live', how: 'commanded', look: { kind: 'unknown' } }
      : { kind: 'refused', words: `the command failed: ${result.output}` };
  };
  return {
    mode: 'command',
    look: () => Promise.resolve({ kind: 'unknown' }),
    start: run,
    reload: run,
    runtime: () => undefined,
    onEvent: () => undefined,
    beforeRestart: () => undefined,
    stop: () => Promise.resolve(),
    endNow: () => undefined,
    leave: () => Promise.resolve(),
  };
}
