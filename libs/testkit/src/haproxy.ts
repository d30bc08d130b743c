import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startChild, untilReady } from './child.ts';
import { temporaryFolder } from './folder.ts';

export interface HaproxyPlaces {
  dir: string;
  config: string;
  masterSocket: string;
  statsSocket: string;
}

export interface HaproxyOptions {
  /** The configuration, or a function of the places that gives it. */
  config: string | ((places: HaproxyPlaces) => string);
  /** More arguments, for example `['-f', 'other.cfg']`. */
  args?: string[];
  /** The master socket's path; `master.sock` in the temporary folder unless given. */
  masterSocket?: string;
}

export interface Haproxy extends HaproxyPlaces {
  pid: number;
  /** Replaces the configuration file; a reload makes it live. */
  write(config: string): void;
  /** One command on the master socket. */
  master(command: string): Promise<string>;
  /** One command on the worker's stats socket (level admin). */
  stats(command: string): Promise<string>;
  logs(): string[];
  stop(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** HAProxy in master-worker mode, its sockets in a temporary folder. A file of its own adds the stats socket. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const folder = temporaryFolder('haproxy');
  const dir = folder.path;
  const places: HaproxyPlaces = {
    dir,
    config: join(dir, 'haproxy.cfg'),
    masterSocket: options.masterSocket ?? join(dir, 'master.sock'),
    statsSocket: join(dir, 'stats.sock'),
  };
  const global = join(dir, 'global.cfg');
  writeFileSync(global, `global\n  stats socket ${places.statsSocket} mode 600 level admin expose-fd listeners\n`);
  const write = (config: string) => {
    writeFileSync(places.config, config);
  };
  write(typeof options.config === 'string' ? options.config : options.config(places));

  const child = await startChild('haproxy', [
    ...['-W', '-db', '-S', places.masterSocket, '-f', global, '-f', places.config],
    ...(options.args ?? []),
  ]);
  // The worker answers first; the master only after it has executed itself again to wait for signals.
  await untilReady(child, 'haproxy', async () => {
    const info = await haproxyCommand(places.statsSocket, 'show info');
    return info.includes('Uptime') && /\bworker\b/.test(await haproxyCommand(places.masterSocket, 'show proc'));
  });

  return {
    ...places,
    pid: child.pid,
    write,
    master: (command) => haproxyCommand(places.masterSocket, command),
    stats: (command) => haproxyCommand(places.statsSocket, command),
    logs: () => child.lines,
    kill: (signal = 'SIGKILL') => child.kill(signal),
    stop: async () => {
      await child.stop();
      folder.remove();
    },
  };
}

/** Sends one command to a HAProxy socket and returns the whole answer, without the prompt of the master socket. */
export function haproxyCommand(socketPath: string, command: string, deadlineMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(socketPath, () => socket.end(`${command}\n`));
    socket.setEncoding('utf8');
    socket.setTimeout(deadlineMs, () =>
      socket.destroy(new Error(`haproxy did not answer "${command}" in ${deadlineMs} ms`)),
    );
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.once('error', reject);
    socket.once('close', (failed) => {
      if (!failed) resolve(answer.trim());
    });
  });
}
