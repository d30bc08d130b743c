import { reasonOf } from '@flotilla/domain';
import { foldersOf, isRefusal, masterSocket, reload, wordsOf } from '@flotilla/haproxy';
import type { Brought, HaproxyPort } from './port.ts';
import { lookAt, workerSockets } from './running-haproxy.ts';

export interface AttachedOptions {
  readonly files: readonly string[];
  readonly masterSocket: string;
  readonly statsSocket: string;
  readonly reloadTimeoutMs: number;
}

/**
 * Mode `attach`: someone else runs HAProxy in master-worker mode, with the release's files as its `-f`, and the agent
 * reaches its master socket. Starting and stopping it is theirs.
 */
export function attachedHaproxy(options: AttachedOptions): HaproxyPort {
  const { files, statsSocket, reloadTimeoutMs } = options;
  const master = masterSocket(options.masterSocket);
  const sockets = workerSockets(master, statsSocket);
  const look = () => lookAt(master, statsSocket);

  const reloadNow = async (signal?: AbortSignal): Promise<Brought> => {
    try {
      const result = await reload(master, { timeoutMs: reloadTimeoutMs, signal });
      if (result.kind === 'reloaded') return { kind: 'live', how: 'reloaded', look: await look() };
      const words = wordsOf(result.words, foldersOf(files));
      if (isRefusal(result.words)) return { kind: 'refused', words };
      return { kind: 'unproven', words: words || 'haproxy did not reload; its own log says why' };
    } catch (error) {
      signal?.throwIfAborted();
      return { kind: 'unproven', words: reasonOf(error) };
    }
  };

  const letGo = (): Promise<void> => {
    sockets.close();
    return Promise.resolve();
  };

  return {
    mode: 'attach',
    look,
    async start(signal) {
      const found = await look();
      if (found.kind !== 'running') {
        const why = found.kind === 'down' ? found.why : 'nothing is known of it';
        return { kind: 'unproven', words: `no haproxy to attach to: ${why}` };
      }
      signal?.throwIfAborted();
      return { kind: 'live', how: 'adopted', look: found };
    },
    reload: reloadNow,
    runtime: (running) => sockets.of(running),
    onEvent: () => undefined, // Its comings and goings show at the next look.
    beforeRestart: () => undefined,
    stop: letGo,
    endNow: () => undefined,
    leave: letGo,
  };
}
