import { join } from 'node:path';
import { layout, reasonOf } from '@flotilla/domain';
import { haproxyVersion } from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';
import { type AgentConfig, haproxyCommand } from '../config.ts';
import { type StorePaths, ownFiles } from '../store/paths.ts';
import { attachedHaproxy } from './attached.ts';
import { commandedHaproxy } from './commanded.ts';
import type { HaproxyPort } from './port.ts';
import { socketFolder } from './socket-folder.ts';
import { supervisedHaproxy } from './supervised.ts';

export interface OpenHaproxy {
  readonly haproxy: HaproxyPort;
  /** For `haproxy -c`; undefined when there is none beside the agent. */
  readonly binary: string | undefined;
  readonly version: string;
  readonly statsSocket: string;
}

/** The adapter of `FLOTILLA_HAPROXY_MODE`. Nothing is started. Throws when mode `supervise` has no HAProxy to run. */
export async function openHaproxy(config: AgentConfig, paths: StorePaths, log: Logger): Promise<OpenHaproxy> {
  const sockets = socketFolder(paths.run);
  const statsSocket = join(sockets, 'stats.sock');
  const found = await binaryOf(config, log);
  const options = {
    files: [layout.config, ownFiles.config].map((file) => join(paths.current, file)),
    statsSocket,
    reloadTimeoutMs: config.FLOTILLA_RELOAD_TIMEOUT_MS,
  };
  const open = (haproxy: HaproxyPort): OpenHaproxy => ({ haproxy, statsSocket, ...found });
  switch (config.FLOTILLA_HAPROXY_MODE) {
    case 'supervise':
      return open(
        await supervisedHaproxy({
          ...options,
          binary: config.FLOTILLA_HAPROXY,
          masterSocket: join(sockets, 'master.sock'),
          run: paths.run,
          startTimeoutMs: config.FLOTILLA_RELOAD_TIMEOUT_MS,
          log,
        }),
      );
    case 'attach':
      return open(attachedHaproxy({ ...options, masterSocket: config.FLOTILLA_HAPROXY_MASTER_SOCKET }));
    case 'command':
      return open(
        commandedHaproxy({
          command: haproxyCommand(config),
          current: paths.current,
          timeoutMs: config.FLOTILLA_RELOAD_TIMEOUT_MS,
        }),
      );
  }
}

async function binaryOf(config: AgentConfig, log: Logger): Promise<Pick<OpenHaproxy, 'binary' | 'version'>> {
  const binary = config.FLOTILLA_HAPROXY;
  try {
    return { binary, version: await haproxyVersion(binary) };
  } catch (error) {
    if (config.FLOTILLA_HAPROXY_MODE === 'supervise') throw error;
    log.warn({ reason: reasonOf(error) }, 'no configuration is checked on this node before HAProxy reads it');
    return { binary: undefined, version: '' };
  }
}
